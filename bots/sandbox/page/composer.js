// Writing and sending: words, photos, replies.

import { send } from "./api.js";
import { createAttachments } from "./attachments.js";
import { iconButton } from "./dom.js";
import { author, summary } from "./media.js";
import { createSuggestions } from "./suggestions.js";

const SLOW_MS = 300; // A sending that takes longer is shown: a large photo is on its way, not lost.

/**
 * `parts`: the composer's elements by name; `where()` -> {person, chat, group}; `bot()` -> its user name.
 * What is sent leaves the field at once and in order; what fails comes back with one sentence.
 */
export function createComposer(parts, { where, bot }) {
  const { form, input, chooser, clip, slash, submit, trouble, replying, replyingTo } = parts;
  let replyTo = null;
  let queue = Promise.resolve();
  let onTheWay = 0;

  const attachments = createAttachments(parts, { changed: refresh, refuse: fail });
  const suggestions = createSuggestions(input, parts.suggestions, pick);

  function refresh() {
    submit.disabled = !input.value.trim() && attachments.count === 0;
    input.placeholder = attachments.count ? "Add words" : "Message";
  }

  function fail(sentence) {
    trouble.textContent = sentence;
    trouble.hidden = false;
  }

  /** Send now what is given, and what the composer is replying to. */
  function deliver({ text, files = [], asFile = false }) {
    const { person, chat } = where();
    const message = { person, chat, text, files, asFile, replyTo: replyTo?.message_id ?? null };
    reply(null);
    trouble.hidden = true;
    onTheWay += 1;
    setTimeout(showSending, SLOW_MS);
    queue = queue
      .then(() => send(message))
      .catch((error) => {
        fail(error.message);
        if (input.value || attachments.count) return;
        write(text);
        if (files.length) attachments.add(files);
      })
      .finally(() => {
        onTheWay -= 1;
        showSending();
      });
    return queue;
  }

  function showSending() {
    form.setAttribute("aria-busy", String(onTheWay > 0));
  }

  function sendAll() {
    const text = input.value.trim();
    if (!text && attachments.count === 0) return;
    const asFile = parts.asFile.checked;
    write("");
    deliver({ text, files: attachments.take(), asFile });
  }

  function write(text) {
    input.value = text;
    suggestions.update();
    refresh();
  }

  function pick(command, now) {
    // In a group a command says whom it is for, as Telegram's clients do.
    const full = `/${command}${where().group ? `@${bot()}` : ""}`;
    write(now ? "" : `${full} `);
    if (now) deliver({ text: full });
    input.focus();
  }

  /** Reply to this message, or to none. */
  function reply(message) {
    replyTo = message;
    replying.hidden = !message;
    if (!message) return;
    replyingTo.textContent = `${author(message)}: ${summary(message)}`;
    input.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sendAll();
  });
  input.addEventListener("input", () => {
    suggestions.update();
    refresh();
  });
  input.addEventListener("blur", suggestions.close);
  input.addEventListener("keydown", (event) => {
    if (suggestions.key(event) || event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      sendAll();
    } else if (event.key === "Escape" && replyTo) {
      event.stopPropagation();
      reply(null);
    }
  });
  clip.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    attachments.add(chooser.files);
    chooser.value = "";
    input.focus();
  });
  slash.addEventListener("click", () => {
    input.focus();
    write("/");
  });
  replying.append(iconButton("close", "Do not reply to it", { onclick: () => reply(null) }));
  refresh();

  return { deliver, reply, attach: attachments.add, setCommands: suggestions.set, fail, calm: () => (trouble.hidden = true) };
}
