// The list of people and groups on the left: who one is, and with whom.

import { clock, avatar, el } from "./dom.js";
import { summary } from "./media.js";

/** Everything that can be opened: a private chat of each person with the bot, and the groups. */
export function conversations(state) {
  const person = (id) => state.people.find((one) => one.id === id);
  return state.chats.map((chat) => {
    const owner = person(chat.id);
    const group = !owner;
    return {
      id: chat.id,
      group,
      owner,
      name: owner?.first_name ?? chat.title ?? "Group",
      note: owner ? (owner.role === "admin" ? "Runs this bot" : "Nothing sent yet") : `${chat.members.length} members`,
      speakers: group ? chat.members.map(person).filter(Boolean) : [owner],
    };
  });
}

/** Draws the list; `open(conversation)` is called when one is chosen. */
export function createChats(lists, open) {
  const rows = new Map();

  function show(all, current) {
    lists.people.replaceChildren(...all.filter((one) => !one.group).map(row));
    lists.groups.replaceChildren(...all.filter((one) => one.group).map(row));
    lists.groupsBox.hidden = !all.some((one) => one.group);
    mark(current);
  }

  function row(conversation) {
    const last = el("span", { class: "chat-last" }, conversation.note);
    const time = el("time", {});
    const count = el("span", { class: "count", hidden: true });
    const button = el(
      "button",
      { type: "button", class: "chat", "data-chat": conversation.id, onclick: () => open(conversation) },
      avatar(conversation.name, conversation.id),
      el("span", { class: "chat-name" }, el("span", {}, conversation.name), conversation.owner?.role === "admin" && el("span", { class: "role" }, "admin")),
      time,
      last,
      count,
    );
    rows.set(conversation.id, { button, last, time, count, newest: null });
    return el("li", {}, button);
  }

  function mark(current) {
    for (const [id, { button, count }] of rows) {
      button.setAttribute("aria-current", String(id === current));
      if (id === current) count.hidden = true;
    }
  }

  /** Show the newest message of a chat; in a chat that is not open, count what is new. */
  function newest(id, messages, current) {
    const entry = rows.get(id);
    const message = messages.at(-1);
    if (!entry) return;
    if (!message) {
      entry.newest ??= 0;
      return;
    }
    entry.last.textContent = summary(message);
    entry.time.textContent = clock(message.edit_date ?? message.date);
    if (id !== current && entry.newest !== null) {
      const unread = messages.filter((one) => one.message_id > entry.newest && one.from?.is_bot).length;
      entry.count.hidden = unread === 0;
      entry.count.textContent = unread;
    } else entry.newest = message.message_id;
  }

  return { show, mark, newest };
}
