// The log of one chat: messages come, change and go in place; the reader's place is kept.

import { el } from "./dom.js";
import { albumElement, messageElement } from "./messages.js";

const NEAR_BOTTOM = 90; // px: closer than this, the reader is following along.
const TYPING_SECONDS = 5; // Bot API: sendChatAction, the status is set for 5 seconds or less.
const smoothly = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth");
const ACTIONS = { typing: "typing…", upload_photo: "sending a photo…", upload_document: "sending a file…" };

/**
 * `parts`: {log, pill, status, welcome}; `actions`: what a message's controls do; `viewOf(message)` says whose it is.
 */
export function createConversation({ log, pill, status, welcome }, actions, viewOf) {
  const messages = new Map(); // message id -> message, in order of arrival
  const units = new Map(); // "m5" or "aGROUP" -> element
  const dots = el("div", { class: "dots", "aria-hidden": "true", hidden: true }, el("i"), el("i"), el("i"));
  let unread = 0;
  let quiet = 0;
  log.append(dots);

  const keyOf = (message) => (message.media_group_id ? `a${message.media_group_id}` : `m${message.message_id}`);
  const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_BOTTOM;

  function toBottom(smooth = false) {
    log.scrollTo({ top: messages.size ? log.scrollHeight : 0, behavior: smooth ? smoothly() : "instant" });
    seen();
  }

  function seen() {
    unread = 0;
    pill.hidden = true;
  }

  function build(key, message) {
    const view = { ...viewOf(message), actions };
    if (!message.media_group_id) return messageElement(message, view);
    return albumElement([...messages.values()].filter((one) => keyOf(one) === key), view);
  }

  function draw(message) {
    const key = keyOf(message);
    const element = build(key, message);
    const before = units.get(key);
    units.set(key, element);
    if (before) replace(before, element);
    else {
      element.classList.add("new");
      dots.before(element);
    }
    welcome.hidden = true;
  }

  function put(message) {
    const known = messages.get(message.message_id);
    const follow = atBottom();
    messages.set(message.message_id, { ...message, reactions: message.reactions ?? known?.reactions });
    draw(messages.get(message.message_id));
    const { mine } = viewOf(message);
    if (!mine) still();
    if (follow || (mine && !known)) toBottom();
    else if (!known) {
      unread += 1;
      pill.hidden = false;
      pill.lastChild.textContent = unread === 1 ? "1 new message" : `${unread} new messages`;
    }
  }

  function react({ message_id: id, reactions }) {
    const message = messages.get(id);
    if (message) put({ ...message, reactions });
  }

  function remove({ message_id: id }) {
    const message = messages.get(id);
    if (!message) return;
    messages.delete(id);
    const key = keyOf(message);
    const rest = [...messages.values()].find((one) => keyOf(one) === key);
    if (rest) return draw(rest);
    units.get(key).remove();
    units.delete(key);
    welcome.hidden = messages.size > 0;
  }

  function acting({ action }) {
    const follow = atBottom();
    status.textContent = ACTIONS[action] ?? "working…";
    status.classList.add("acting");
    dots.hidden = false;
    if (follow) toBottom();
    clearTimeout(quiet);
    quiet = setTimeout(still, TYPING_SECONDS * 1000);
  }

  function still() {
    clearTimeout(quiet);
    dots.hidden = true;
    status.classList.remove("acting");
    status.textContent = status.dataset.rest ?? "";
  }

  /** Show these messages and no others. */
  function load(list) {
    log.setAttribute("aria-busy", "true");
    for (const element of units.values()) element.remove();
    messages.clear();
    units.clear();
    for (const message of list) messages.set(message.message_id, message);
    for (const message of list) if (!units.has(keyOf(message))) draw(message);
    for (const element of units.values()) element.classList.remove("new");
    welcome.hidden = list.length > 0;
    still();
    toBottom();
    log.removeAttribute("aria-busy");
  }

  /** Bring what was missed while the line was down, without moving the reader. */
  function catchUp(list) {
    const there = new Set(list.map((message) => message.message_id));
    for (const id of [...messages.keys()]) if (!there.has(id)) remove({ message_id: id });
    for (const message of list) if (JSON.stringify(message) !== JSON.stringify(messages.get(message.message_id))) put(message);
  }

  function jump(id) {
    const target = log.querySelector(`[data-message-id="${Number(id)}"]`);
    if (!target) return;
    target.scrollIntoView({ block: "center", behavior: smoothly() });
    target.classList.remove("flash");
    requestAnimationFrame(() => target.classList.add("flash"));
  }

  log.addEventListener("scroll", () => atBottom() && seen());
  pill.addEventListener("click", () => toBottom(true));
  // The composer growing or the window shrinking must not hide the newest message from someone following along.
  let following = true;
  log.addEventListener("scroll", () => (following = atBottom()));
  new ResizeObserver(() => following && toBottom()).observe(log);

  return { load, catchUp, put, react, remove, acting, jump, redraw: () => load([...messages.values()]) };
}

/** Put `after` where `before` is: pictures that stay are not loaded again, and the keyboard's focus stays. */
function replace(before, after) {
  for (const image of after.querySelectorAll("img[data-file]")) {
    const loaded = [...before.querySelectorAll("img[data-file]")].find((one) => one.dataset.file === image.dataset.file);
    if (loaded) {
      loaded.alt = image.alt;
      image.replaceWith(loaded);
    }
  }
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const place = focused && [...before.querySelectorAll("button, a")].indexOf(focused);
  const label = focused?.textContent;
  before.replaceWith(after);
  if (!focused) return;
  const controls = [...after.querySelectorAll("button, a")].filter((control) => !control.disabled);
  const same = label && controls.find((control) => control.textContent === label);
  (same || controls[Math.min(place, controls.length - 1)])?.focus({ preventScroll: true });
}
