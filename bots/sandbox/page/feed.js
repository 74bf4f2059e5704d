// Following one chat: all of it first, then what happens, in order and with nothing lost in between.

import { events, messages } from "./api.js";

const NAMES = ["message", "edit", "delete", "action", "reaction", "callback", "commands"];
const RETRY_MS = 1000;

/**
 * Follow `chat` until the returned function is called.
 * `on.loaded(messages, again)` comes after each (re)connection, `on.event(name, data)` for each event after it,
 * `on.lost()` when the line breaks.
 */
export function follow(chat, on) {
  let source = null;
  let retry = 0;
  let again = false;
  let stopped = false;

  // A new stream each time, not the browser's own resuming: a restarted sandbox counts its events anew.
  function connect() {
    let held = [];
    const mine = (source = events(chat));
    const current = () => mine === source && !stopped;
    for (const name of NAMES) {
      mine.addEventListener(name, (event) => {
        if (!current()) return;
        const data = JSON.parse(event.data);
        if (held) held.push([name, data]);
        else on.event(name, data);
      });
    }
    // Events from here on are held until the messages so far have come.
    mine.addEventListener("open", async () => {
      const list = await messages(chat).catch(() => null);
      if (!current()) return;
      if (!list) return lost();
      on.loaded(list, again);
      again = true;
      const waiting = held;
      held = null;
      for (const [name, data] of waiting) on.event(name, data);
    });
    mine.addEventListener("error", () => current() && lost());
  }

  function lost() {
    source.close();
    source = null;
    on.lost();
    retry = setTimeout(connect, RETRY_MS);
  }

  connect();
  return () => {
    stopped = true;
    clearTimeout(retry);
    source?.close();
  };
}
