// On narrow windows the chats and the panel are drawers over the conversation.

/** `query` says at which widths `element` is a drawer that `opener` opens. Returns {close}. */
export function createDrawer({ element, opener, backdrop, query }) {
  const narrow = matchMedia(query);
  let isOpen = false;

  function show() {
    element.classList.toggle("open", isOpen);
    element.inert = narrow.matches && !isOpen;
    opener.disabled = !narrow.matches;
    opener.setAttribute("aria-expanded", String(isOpen));
    backdrop.hidden = !document.querySelector("aside.open");
  }

  function open() {
    if (!narrow.matches) return;
    isOpen = true;
    show();
    element.focus({ preventScroll: true });
  }

  function close() {
    if (!isOpen) return;
    isOpen = false;
    show();
    opener.focus({ preventScroll: true });
  }

  opener.addEventListener("click", () => (isOpen ? close() : open()));
  backdrop.addEventListener("click", close);
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  narrow.addEventListener("change", () => {
    isOpen = false;
    show();
  });
  show();
  return { close };
}
