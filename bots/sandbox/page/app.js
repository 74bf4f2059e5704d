// The page's one place where the parts meet.

import * as api from "./api.js";
import { conversations, createChats } from "./chats.js";
import { createComposer } from "./composer.js";
import { createConversation } from "./conversation.js";
import { avatar, el, icon, iconButton } from "./dom.js";
import { createDrawer } from "./drawers.js";
import { follow } from "./feed.js";
import { summary } from "./media.js";
import { alertDialog, menu, toast, viewer } from "./notices.js";
import { createPanel } from "./panel.js";
import { showSamples } from "./samples.js";

const GLANCE_MS = 5000; // How often the chats that are not open are looked at.

const ANSWER_MS = 15000; // Bot API: a callback query is answered within about 15 seconds, or never.

const parts = {};
for (const element of document.querySelectorAll("[data-part]")) parts[element.dataset.part] = element;
const slot = (name, ...nodes) => document.querySelector(`[data-slot="${name}"]`).replaceChildren(...nodes);

function dressUp() {
  for (const name of ["down", "receipt", "reply", "chevron"]) slot(name, icon(name));
  for (const [part, name] of [["clip", "clip"], ["slash", "slash"], ["stripButton", "photos"], ["submit", "send"]]) parts[part].append(icon(name));
  const shade = iconButton("moon", "Switch between light and dark", {
    onclick: () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try {
        localStorage.setItem("theme", root.dataset.theme);
      } catch {
        // Storage can be switched off; the choice then lasts as long as the page.
      }
    },
  });
  slot("theme", shade);
}

async function start() {
  dressUp();
  const [state, config, samples] = await Promise.all([api.state(), api.config(), api.samples()]);
  const all = conversations(state);
  const here = { conversation: null, person: null, stop: () => {} };
  const isMine = (message) => message.from?.id === here.person && !message.sender_chat;

  const conversation = createConversation(
    parts,
    {
      press,
      reply: (message) => composer.reply(message),
      menu: showMenu,
      command: (text) => composer.deliver({ text }),
      open: viewer,
      jump: (id) => conversation.jump(id),
    },
    (message) => ({ mine: isMine(message), group: here.conversation.group }),
  );
  const composer = createComposer(parts, {
    where: () => ({ person: here.person, chat: here.conversation.id, group: here.conversation.group }),
    bot: () => state.bot.username,
  });
  const panel = createPanel(parts, {
    who: () => here.person,
    changed: (credits) => (parts.purseCredits.textContent = credits),
    fail: composer.fail,
  });
  const chats = createChats(parts, (one) => {
    open(one);
    chatsDrawer.close();
  });
  const drawer = (id, opener, query) =>
    createDrawer({ element: document.getElementById(id), opener, backdrop: parts.backdrop, query });
  const chatsDrawer = drawer("chats", parts.switcher, "(max-width: 719px)");
  const panelDrawer = drawer("underneath", parts.purse, "(max-width: 1079px)");
  slot("close-chats", iconButton("close", "Close the chats", { onclick: chatsDrawer.close }));
  slot("close-underneath", iconButton("close", "Close the panel", { onclick: panelDrawer.close }));

  // In a group the bot sees a photo only with its command (privacy mode).
  const asking = () => (here.conversation.group ? `/find@${state.bot.username}` : "");
  showSamples(parts.samples, samples, "Send", (file) => composer.deliver({ text: asking(), files: [file] }), composer.fail);
  showSamples(parts.stripSamples, samples, "Add", (file) => composer.attach([file]), composer.fail);
  parts.stripButton.hidden = samples.length === 0;
  parts.stripButton.addEventListener("click", () => {
    parts.strip.hidden = !parts.strip.hidden;
    parts.stripButton.setAttribute("aria-expanded", String(!parts.strip.hidden));
  });
  parts.picturesNote.hidden = config.pictures;
  parts.speaker.addEventListener("change", () => {
    speakAs(Number(parts.speaker.value));
    conversation.redraw();
  });

  /** Open a conversation as its person, or as the first who may speak in the group. */
  function open(one, speaker = one.speakers[0]?.id) {
    here.stop();
    here.conversation = one;
    document.title = `${one.name} · Snapshop sandbox`;
    parts.face.replaceChildren(one.group ? avatar(one.name, one.id) : el("img", { src: "/page/icon.svg", alt: "", width: 40, height: 40 }));
    parts.title.textContent = one.group ? one.name : state.bot.first_name;
    parts.speakerBox.hidden = !one.group;
    parts.groupNote.hidden = !one.group;
    parts.speaker.replaceChildren(...one.speakers.map((person) => el("option", { value: person.id }, person.first_name)));
    composer.reply(null);
    composer.calm();
    chats.mark(one.id);
    speakAs(speaker);
    here.stop = follow(one.id, {
      loaded: (list, again) => {
        parts.banner.hidden = true;
        if (again) conversation.catchUp(list);
        else conversation.load(list);
        chats.newest(one.id, list, one.id);
        panel.poke();
      },
      event: happened,
      lost: () => (parts.banner.hidden = false),
    });
  }

  async function speakAs(person) {
    here.person = person;
    const name = state.people.find((other) => other.id === person)?.first_name ?? "nobody";
    const { group, id, note } = here.conversation;
    parts.status.dataset.rest = `You are ${name}${group ? ` · ${note}` : ""}`;
    parts.status.textContent = parts.status.dataset.rest;
    parts.you.replaceChildren(avatar(name, person));
    parts.speaker.value = String(person);
    parts.whose.textContent = `${name}’s account, from the running bot`;
    history.replaceState(null, "", `#${new URLSearchParams({ chat: id, person })}`);
    panel.refresh();
    await refreshCommands();
  }

  async function refreshCommands() {
    const { conversation: one, person } = here;
    const commands = await api.commands(one.id, person).catch(() => []);
    if (one === here.conversation && person === here.person) composer.setCommands(commands);
  }

  function happened(name, data) {
    panel.poke();
    if (name === "message" || name === "edit") {
      conversation.put(data);
      chats.newest(here.conversation.id, [data], here.conversation.id);
    } else if (name === "delete") conversation.remove(data);
    else if (name === "reaction") conversation.react(data);
    else if (name === "action") conversation.acting(data);
    else if (name === "commands") refreshCommands();
    else if (name === "callback") answered(data);
  }

  const waiting = new Map(); // callback query id -> the pressed button
  const early = new Set(); // answered before the press itself returned

  async function press(message, data, button) {
    button.setAttribute("aria-busy", "true");
    composer.calm();
    try {
      const { id } = await api.press(here.person, here.conversation.id, message.message_id, data);
      if (early.delete(id)) button.removeAttribute("aria-busy");
      else waiting.set(id, button);
      setTimeout(() => button.removeAttribute("aria-busy"), ANSWER_MS);
    } catch (error) {
      button.removeAttribute("aria-busy");
      composer.fail(error.message);
    }
  }

  function answered({ id, text, show_alert: alert, person }) {
    const button = waiting.get(id);
    if (button) button.removeAttribute("aria-busy");
    else early.add(id);
    waiting.delete(id);
    if (!text || (person != null && person !== here.person)) return;
    if (alert) alertDialog(state.bot.first_name, text);
    else toast(parts.shelf, text);
  }

  function showMenu(message, anchor) {
    const from = here.conversation.id;
    const words = message.text ?? message.caption;
    const targets = all.map((one) => ({
      icon: "forward",
      label: one.id === from ? "Forward to this chat" : `Forward to ${one.group ? one.name : `${one.name}’s chat`}`,
      run: () => forward(message, one),
    }));
    menu(anchor, [
      { icon: "reply", label: "Reply", run: () => composer.reply(message) },
      ...(words ? [{ icon: "copy", label: "Copy text", run: () => navigator.clipboard.writeText(words).then(() => toast(parts.shelf, "Copied"), () => composer.fail("The browser did not allow copying.")) }] : []),
      ...targets,
    ]);
  }

  async function forward(message, target) {
    const speakers = target.speakers.map((one) => one.id);
    const person = speakers.includes(here.person) ? here.person : speakers[0];
    try {
      await api.forward(person, target.id, here.conversation.id, message.message_id);
      if (target !== here.conversation) toast(parts.shelf, `Forwarded to ${target.name}: ${summary(message).slice(0, 40)}`);
    } catch (error) {
      composer.fail(error.message);
    }
  }

  async function glance() {
    if (document.hidden) return;
    for (const one of all) {
      if (one === here.conversation) continue;
      const list = await api.messages(one.id).catch(() => null);
      if (list) chats.newest(one.id, list, here.conversation.id);
    }
  }

  const asked = new URLSearchParams(location.hash.slice(1));
  const first = all.find((one) => one.id === Number(asked.get("chat"))) ?? all[0];
  chats.show(all, first.id);
  open(first, first.speakers.find((one) => one.id === Number(asked.get("person")))?.id);
  glance();
  setInterval(glance, GLANCE_MS);
}

start().catch((error) => {
  parts.banner.textContent = error instanceof api.ApiError ? error.message : "The page could not start. Please load it again.";
  parts.banner.hidden = false;
  throw error;
});
