// Building elements. Text only ever becomes a text node: nothing in this page is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

// 24 x 24 outlines.
const ICONS = {
  bag: "M5.5 8.5h13l1.2 11.5H4.3zM8.8 11V7a3.2 3.2 0 0 1 6.4 0v4",
  chevron: "M6 9.5l6 6 6-6",
  clip: "M19.5 11.5l-7.7 7.7a4.6 4.6 0 0 1-6.5-6.5l8-8a3 3 0 0 1 4.3 4.3l-8 8a1.5 1.5 0 0 1-2.1-2.2l7-7",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5.5 15H4V4h11v1.5",
  down: "M12 5v14M6 13l6 6 6-6",
  file: "M6 3h8l4.5 4.5V21H6zM13.5 3.5V8H18",
  forward: "M14 6l6 6-6 6M20 12h-9a7 7 0 0 0-7 7",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  more: "M5 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M11.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M17.8 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  photos: "M4 5h16v14H4zM4 16l5-5 4.5 4.5 2.5-2.5 4 4M15.5 9h.01",
  reply: "M10 6l-6 6 6 6M4 12h9a7 7 0 0 1 7 7",
  receipt: "M6 3.5l2 1.5 2-1.5 2 1.5 2-1.5 2 1.5 2-1.5v17L16 19l-2 1.5L12 19l-2 1.5L8 19l-2 1.5zM9 9.5h6M9 13.5h6",
  send: "M4.5 12L4 4.5 20.5 12 4 19.5 4.5 12zM4.5 12H11",
  slash: "M14.5 5l-5 14M4 4h16v16H4z",
};

/** An element. Properties named on… are listeners; true, false and null are present or absent attributes. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** A decorative icon: its control carries the label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon only and says its label to everyone. */
export function iconButton(name, label, properties = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, ...properties }, icon(name));
}

/** A round picture of someone: the first letter of the name on a colour of their own. */
export function avatar(name, number) {
  const tint = `tint-${Math.abs(number) % 5}`;
  return el("span", { class: `avatar ${tint}`, "aria-hidden": "true" }, [...(name || "?")][0].toUpperCase());
}

/** Show the time of a Unix timestamp (seconds) or an ISO time as hours and minutes, the reader's way. */
export function clock(moment) {
  const date = typeof moment === "number" ? new Date(moment * 1000) : new Date(moment);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}
