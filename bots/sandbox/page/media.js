// The parts of a message that are not text: photos, files, quotes, link previews.

import { fileUrl } from "./api.js";
import { el, icon } from "./dom.js";
import { firstLink } from "./entities.js";

const SHOWN_SIDE = 800; // px: the size to show in a bubble; the largest one opens on a click.
const WIDEST = 460;
const TALLEST = 380;
const NARROWEST = 150;
const NARROWEST_CAPTIONED = 270;

/** One line that stands for a message in quotes and in the list of chats. */
export function summary(message) {
  const words = message.text ?? message.caption;
  if (words) return words.replace(/\s+/g, " ");
  if (message.photo) return "Photo";
  if (message.document) return message.document.file_name || "File";
  for (const kind of ["sticker", "animation", "video"]) if (message[kind]) return kind[0].toUpperCase() + kind.slice(1);
  return service(message) ?? "Message";
}

/** What a service message says, or null when it is an ordinary one. */
export function service(message) {
  if (message.new_chat_members) return `${message.new_chat_members.map((one) => one.first_name).join(", ")} joined`;
  if (message.left_chat_member) return `${message.left_chat_member.first_name} left`;
  if (message.migrate_to_chat_id || message.migrate_from_chat_id) return "This group is a supergroup now";
  if (message.new_chat_title) return `The group is called ${message.new_chat_title} now`;
  if (message.group_chat_created || message.supergroup_chat_created) return "The group was created";
  return null;
}

/** A photo that opens large. Its place is reserved before it loads, so that nothing jumps. */
export function photo(message, open, { captioned = false } = {}) {
  const sizes = message.photo.toSorted((a, b) => a.width - b.width);
  const largest = sizes.at(-1);
  const shown = sizes.find((size) => Math.max(size.width, size.height) >= SHOWN_SIDE) ?? largest;
  const image = el("img", {
    src: fileUrl(shown.file_id),
    width: shown.width,
    height: shown.height,
    alt: message.caption ? `Photo: ${summary(message)}` : "Photo",
    decoding: "async",
    "data-file": shown.file_unique_id,
  });
  const button = el("button", { type: "button", class: "photo", "aria-label": "Open the photo", onclick: () => open(fileUrl(largest.file_id), image.alt) }, image);
  const scale = Math.min(WIDEST / shown.width, TALLEST / shown.height);
  button.dataset.width = `${Math.round(Math.max(shown.width * scale, captioned ? NARROWEST_CAPTIONED : NARROWEST))}px`;
  return button;
}

/** A file to download. */
export function file(document) {
  return el(
    "a",
    { class: "file", href: fileUrl(document.file_id), download: document.file_name || "file" },
    el("span", { class: "file-icon" }, icon("file")),
    el("span", { class: "file-name" }, document.file_name || "File"),
    el("span", { class: "file-size" }, size(document.file_size)),
  );
}

/** Bytes, for people. */
export function size(bytes) {
  if (bytes == null) return "";
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Who a message is from, in a person's words. */
export function author(message) {
  return message.sender_chat?.title ?? message.from?.first_name ?? "Someone";
}

/** The message that this one replies to, small; `jump(id)` shows it. */
export function quote(message, jump) {
  const original = message.reply_to_message ?? message.external_reply;
  if (!original) return null;
  const thumb = original.photo?.toSorted((a, b) => a.width - b.width)[0];
  const from = message.reply_to_message ? author(original) : original.origin?.sender_user?.first_name ?? "Another chat";
  return el(
    "button",
    { type: "button", class: "quote", "aria-label": `In reply to ${from}: ${summary(original)}`, onclick: () => jump(original.message_id) },
    thumb && el("img", { src: fileUrl(thumb.file_id), alt: "", width: 36, height: 36 }),
    el("span", { class: "quote-from" }, from),
    el("span", { class: "quote-text" }, message.quote?.text ?? summary(original)),
  );
}

/** Where a forwarded message came from. */
export function forwarded(message) {
  const origin = message.forward_origin;
  if (!origin) return null;
  const from = origin.sender_user?.first_name ?? origin.sender_user_name ?? origin.sender_chat?.title ?? origin.chat?.title ?? "someone";
  return el("div", { class: "forwarded" }, icon("forward"), `Forwarded from ${from}`);
}

/** A drawn card for the first link of a text: nothing is fetched from outside. */
export function preview(message) {
  const options = message.link_preview_options ?? {};
  if (!message.text || options.is_disabled) return null;
  const link = firstLink(message.text, message.entities);
  if (!link) return null;
  const host = new URL(options.url ?? link.url).hostname.replace(/^www\./, "");
  return el(
    "a",
    { class: "preview", href: link.url, target: "_blank", rel: "noopener noreferrer" },
    el("span", { class: "preview-art" }, icon("bag")),
    el("span", { class: "preview-host" }, host),
    el("span", { class: "preview-title" }, link.text),
  );
}
