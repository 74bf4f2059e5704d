// Bot API text with entities -> DOM nodes. Offsets count UTF-16 units, as JavaScript's strings do.

import { el } from "./dom.js";

const SIMPLE = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", blockquote: "blockquote", expandable_blockquote: "blockquote" };

/** The address of a link that may be opened, or null: only http and https leave this page. */
export function webAddress(text) {
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** The first link of a message: {url, text}, or null. */
export function firstLink(text, entities = []) {
  for (const entity of entities) {
    if (entity.type !== "url" && entity.type !== "text_link") continue;
    const label = text.slice(entity.offset, entity.offset + entity.length);
    const url = webAddress(entity.type === "url" ? label : entity.url);
    if (url) return { url, text: label };
  }
  return null;
}

/**
 * Nodes for a text. Entities nest and do not overlap by halves; one that does anyway is cut at its parent's end.
 * `onCommand(text)` is called when a command in the text is clicked.
 */
export function render(text, entities = [], onCommand = () => {}) {
  const ordered = entities
    .filter((entity) => entity.length > 0 && entity.offset >= 0 && entity.offset < text.length)
    .toSorted((a, b) => a.offset - b.offset || b.length - a.length);
  let next = 0;

  function span(start, end) {
    const nodes = [];
    let at = start;
    while (next < ordered.length && ordered[next].offset < end) {
      const entity = ordered[next++];
      const from = entity.offset;
      const to = Math.min(entity.offset + entity.length, end);
      if (from > at) nodes.push(text.slice(at, from));
      nodes.push(wrap(entity, text.slice(from, to), span(from, to), onCommand));
      at = to;
    }
    if (end > at) nodes.push(text.slice(at, end));
    return nodes;
  }

  return span(0, text.length);
}

function wrap(entity, content, nodes, onCommand) {
  switch (entity.type) {
    case "url":
    case "text_link": {
      const href = webAddress(entity.type === "url" ? content : (entity.url ?? ""));
      return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, nodes) : el("span", {}, nodes);
    }
    case "bot_command":
      return el("button", { type: "button", class: "command", onclick: () => onCommand(content) }, nodes);
    case "pre":
      return el("pre", {}, el("code", { "data-language": entity.language }, nodes));
    case "spoiler":
      return el("button", { type: "button", class: "spoiler", "aria-label": "Hidden text, press to show", onclick: reveal }, el("span", {}, nodes));
    default:
      return el(SIMPLE[entity.type] ?? "span", { class: SIMPLE[entity.type] ? null : "tag" }, nodes);
  }
}

function reveal(event) {
  event.currentTarget.replaceWith(el("span", { class: "revealed" }, ...event.currentTarget.firstChild.childNodes));
}
