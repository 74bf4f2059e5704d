// Photos waiting to be sent: chosen, dropped, pasted or taken from the samples.

import { el, icon, iconButton } from "./dom.js";
import { size } from "./media.js";

const MOST = 10; // Bot API: an album has 2-10 items.

/** `parts`: {tray, list, asFile, drop (the element files are dropped on), overlay}; `changed()` and `refuse(sentence)` report. */
export function createAttachments({ tray, list, asFile, drop, overlay }, { changed, refuse }) {
  let files = []; // {file, element, url}

  function add(chosen) {
    const room = MOST - files.length;
    if (chosen.length > room) refuse(`${MOST} photos at once are the most: the first ${MOST} are here.`);
    for (const file of [...chosen].slice(0, room)) files.push(entry(file));
    show();
  }

  function entry(file) {
    const url = URL.createObjectURL(file);
    const item = { file, url };
    const image = el("img", { src: url, alt: "" });
    // A format that this browser cannot draw (HEIC, most of the time) is sent all the same.
    image.addEventListener("error", () => image.replaceWith(icon("file")));
    item.element = el(
      "li",
      { class: "attached" },
      image,
      el("span", { class: "attached-name" }, `${file.name} · ${size(file.size)}`),
      iconButton("close", `Remove ${file.name}`, { onclick: () => remove(item) }),
    );
    return item;
  }

  function remove(item) {
    URL.revokeObjectURL(item.url);
    files = files.filter((one) => one !== item);
    show();
  }

  function show() {
    list.replaceChildren(...files.map((item) => item.element));
    tray.hidden = files.length === 0;
    changed();
  }

  /** Hand the files over and start again with none. */
  function take() {
    const taken = files.map((item) => item.file);
    for (const item of files) URL.revokeObjectURL(item.url);
    files = [];
    asFile.checked = false;
    show();
    return taken;
  }

  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  drop.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    overlay.hidden = false;
  });
  drop.addEventListener("dragleave", (event) => {
    if (carriesFiles(event) && (depth -= 1) <= 0) overlay.hidden = true;
  });
  drop.addEventListener("drop", (event) => {
    depth = 0;
    overlay.hidden = true;
    if (event.dataTransfer.files.length) add(event.dataTransfer.files);
  });
  // A file dropped beside the conversation must not replace the page.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    add(pasted);
  });

  return { add, take, get count() { return files.length; } };
}
