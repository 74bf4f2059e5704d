// One message of the Bot API -> one element.

import { clock, el, icon, iconButton } from "./dom.js";
import { render, webAddress } from "./entities.js";
import { author, file, forwarded, photo, preview, quote, service } from "./media.js";

/**
 * `view` tells how to show it: {mine, group, actions: {press, reply, menu, command, open, jump}}.
 */
export function messageElement(message, view) {
  const note = service(message);
  if (note) return el("p", { class: "service", "data-message-id": message.message_id }, note);
  const { mine, group, actions } = view;
  return el(
    "article",
    { class: `message ${mine ? "mine" : "theirs"}`, "data-message-id": message.message_id, oncontextmenu: asMenu(message, actions), "aria-label": `${mine ? "You" : author(message)}, ${clock(message.date)}` },
    bubble([message], view),
    tools(message, actions),
    keyboard(message, actions),
    reactions(message),
  );
}

/** Photos sent together: one bubble, a grid, the caption below. */
export function albumElement(messages, view) {
  const [first] = messages;
  return el(
    "article",
    { class: `message album ${view.mine ? "mine" : "theirs"}`, "data-album": first.media_group_id, oncontextmenu: asMenu(first, view.actions), "aria-label": `${view.mine ? "You" : author(first)}, ${messages.length} photos, ${clock(first.date)}` },
    bubble(messages, view),
    tools(first, view.actions),
    messages.map(reactions),
  );
}

function bubble(messages, { mine, group, actions }) {
  const [first] = messages;
  const captioned = messages.find((message) => message.caption) ?? first;
  const link = preview(first);
  const edited = messages.some((message) => message.edit_date);
  const meta = el("div", { class: "meta" }, edited && el("span", {}, "edited"), el("time", {}, clock(first.date)));
  const above = link && first.link_preview_options?.show_above_text;
  const words = text(captioned, actions);
  const picture = !first.media_group_id && first.photo ? photo(first, actions.open, { captioned: Boolean(words) }) : null;
  const parts = [
    group && !mine && el("div", { class: "author" }, author(first)),
    forwarded(first),
    quote(first, actions.jump),
    above && link,
    picture ?? (first.media_group_id ? grid(messages, actions) : media(first, actions)),
    words,
    link && !above && link,
    meta,
  ];
  const bare = !words && first.photo && !first.reply_to_message && !first.forward_origin;
  const kinds = { pictured: first.photo, bare, edited, beside: words && (above || !link) };
  const element = el("div", { class: ["bubble", ...Object.keys(kinds).filter((kind) => kinds[kind])].join(" ") }, parts);
  if (picture) element.style.setProperty("--width", picture.dataset.width);
  return element;
}

function grid(messages, actions) {
  const tiles = messages.map((message) =>
    el("div", { class: "tile", "data-message-id": message.message_id }, message.photo ? photo(message, actions.open) : media(message, actions)),
  );
  return el("div", { class: `grid of-${Math.min(messages.length, 5)}` }, tiles);
}

function media(message, actions) {
  if (message.document) return file(message.document);
  if (message.sticker) return el("div", { class: "emoji-only" }, message.sticker.emoji ?? "Sticker");
  if (message.animation || message.video) return el("div", { class: "file" }, el("span", { class: "file-icon" }, icon("file")), el("span", { class: "file-name" }, message.animation ? "GIF" : "Video"));
  return null;
}

function text(message, actions) {
  const words = message.text ?? message.caption;
  if (!words) return null;
  const entities = message.text ? message.entities : message.caption_entities;
  return el("div", { class: "text", dir: "auto" }, render(words, entities, actions.command));
}

function tools(message, actions) {
  return el(
    "div",
    { class: "tools" },
    iconButton("reply", "Reply", { onclick: () => actions.reply(message) }),
    iconButton("more", "More for this message", { "aria-haspopup": "menu", onclick: (event) => actions.menu(message, event.currentTarget) }),
  );
}

/** A right click or a long press opens the message's menu; links keep the browser's own. */
function asMenu(message, actions) {
  return (event) => {
    if (event.target.closest("a, .keyboard") || !getSelection().isCollapsed) return;
    event.preventDefault();
    actions.menu(message, event.currentTarget.querySelector("[aria-haspopup]"));
  };
}

function keyboard(message, actions) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return el("div", { class: "keyboard", role: "group", "aria-label": "Buttons of this message" }, rows.map((row) => el("div", { class: "keys" }, row.map((key) => keyElement(key, message, actions)))));
}

function keyElement(key, message, actions) {
  const href = key.url && webAddress(key.url);
  if (href) return el("a", { class: "key", href, target: "_blank", rel: "noopener noreferrer" }, el("span", {}, key.text));
  return el(
    "button",
    { type: "button", class: "key", "data-callback": key.callback_data, disabled: key.callback_data == null, onclick: (event) => actions.press(message, key.callback_data, event.currentTarget) },
    el("span", {}, key.text),
  );
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return el("div", { class: "reactions" }, message.reactions.map((one) => el("span", { class: "reaction", title: "The bot's reaction" }, one.emoji ?? "★")));
}
