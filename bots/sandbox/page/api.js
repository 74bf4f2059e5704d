// Everything the page asks of its own server.

/** A request that failed; the message is a sentence to show. */
export class ApiError extends Error {}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The sandbox does not answer. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(body.error || "That did not work. Please try it once more.");
  return body;
}

const query = (values) => new URLSearchParams(values).toString();
const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const state = () => ask("/sandbox/state");
export const config = () => ask("/sandbox/config");
export const samples = () => ask("/sandbox/samples").then((body) => body.samples);
export const commands = (chat, person) => ask(`/sandbox/commands?${query({ chat, person })}`).then((body) => body.commands);
export const messages = (chat) => ask(`/sandbox/messages?${query({ chat })}`).then((body) => body.messages);
export const panel = (person, signal) => ask(`/sandbox/panel?${query({ person })}`, { signal });
export const behave = (behaviour, times, seconds) => post("/sandbox/endpoint", { behaviour, times, seconds });
export const press = (person, chat, message, data) => post("/sandbox/press", { person, chat, message, data });
export const forward = (person, chat, fromChat, message) =>
  post("/sandbox/forward", { person, chat, from_chat: fromChat, message });
export const fileUrl = (fileId) => `/sandbox/file/${encodeURIComponent(fileId)}`;

/** Send text, or up to ten files with the text as their caption. */
export function send({ person, chat, text, files = [], asFile = false, replyTo = null }) {
  const form = new FormData();
  form.append("person", person);
  form.append("chat", chat);
  form.append("text", text);
  form.append("as", asFile ? "document" : "photo");
  if (replyTo != null) form.append("reply_to", replyTo);
  for (const file of files) form.append("photo", file, file.name || "photo.jpg");
  return ask("/sandbox/send", { method: "POST", body: form });
}

/** The stream of what happens in a chat. */
export const events = (chat) => new EventSource(`/sandbox/events?${query({ chat })}`);
