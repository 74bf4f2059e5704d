// The bot's commands, offered while one is typed.

import { el } from "./dom.js";

/** `input` is the text field, `list` the listbox; `pick(name, send)` is called with the chosen command. */
export function createSuggestions(input, list, pick) {
  let commands = [];
  let shown = [];
  let active = -1;

  function update() {
    const typed = /^\/(\w*)$/.exec(input.value)?.[1]?.toLowerCase();
    shown = typed === undefined ? [] : commands.filter((one) => one.command.startsWith(typed));
    list.replaceChildren(...shown.map(option));
    list.hidden = shown.length === 0;
    mark(shown.length ? 0 : -1);
  }

  function option(one, index) {
    return el(
      "li",
      { role: "option", id: `command-${index}`, class: "suggestion", onpointerdown: (event) => choose(event, index) },
      el("strong", {}, `/${one.command}`),
      el("span", {}, one.description),
    );
  }

  function choose(event, index) {
    event.preventDefault(); // The text field keeps the focus.
    pick(shown[index].command, true);
  }

  function mark(index) {
    active = index;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    if (index < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", `command-${index}`);
    list.children[index].scrollIntoView({ block: "nearest" });
  }

  /** True when the key was for the list. */
  function key(event) {
    if (list.hidden) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark((active + step + shown.length) % shown.length);
    else if (event.key === "Tab" && !event.shiftKey) pick(shown[active].command, false);
    else if (event.key === "Enter" && !event.shiftKey) pick(shown[active].command, true);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  function close() {
    shown = [];
    list.hidden = true;
    list.replaceChildren();
    mark(-1);
  }

  return { update, key, close, set: (all) => { commands = all; update(); } };
}
