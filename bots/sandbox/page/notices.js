// What lies over the page for a moment: toasts, dialogs, a photo at full size, menus.

import { el, icon } from "./dom.js";

const TOAST_MS = 3800;

/** A short sentence that goes away by itself. */
export function toast(shelf, sentence) {
  const note = el("div", { class: "toast" }, sentence);
  shelf.replaceChildren(note);
  setTimeout(() => note.remove(), TOAST_MS);
}

function showDialog(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
}

/** A sentence that has to be read: the bot asked for an alert. */
export function alertDialog(title, sentence) {
  const ok = el("button", { type: "button", class: "primary", autofocus: true, onclick: () => dialog.close() }, "OK");
  const dialog = el("dialog", { class: "alert", "aria-label": title }, el("h2", {}, title), el("p", { dir: "auto" }, sentence), ok);
  showDialog(dialog);
}

/** A photo as large as the window allows. */
export function viewer(src, alt) {
  const close = el("button", { type: "button", class: "viewer-close", "aria-label": "Close the photo", autofocus: true, onclick: () => dialog.close() }, icon("close"));
  const dialog = el("dialog", { class: "viewer", "aria-label": "Photo" }, el("img", { src, alt }), close);
  showDialog(dialog);
}

/** A menu at a button: `items` are {icon, label, run}. Arrow keys move, Esc and a click elsewhere close. */
export function menu(anchor, items) {
  const buttons = items.map((item) =>
    el("button", { type: "button", role: "menuitem", onclick: () => { close(); item.run(); } }, icon(item.icon), el("span", {}, item.label)),
  );
  const box = el("div", { class: "menu", role: "menu", popover: "auto", onkeydown: move }, buttons);

  function move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length].focus();
  }

  function close() {
    box.hidePopover();
  }

  box.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const inside = box.contains(document.activeElement) || document.activeElement === document.body;
    box.remove();
    if (inside) anchor.focus({ preventScroll: true });
  });
  document.body.append(box);
  box.showPopover();
  const at = anchor.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left), innerWidth - box.offsetWidth - 8);
  const below = at.bottom + 4 + box.offsetHeight < innerHeight;
  box.style.left = `${left}px`;
  box.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - box.offsetHeight - 4)}px`;
  buttons[0].focus();
}
