// What happened underneath: the person's account, the last search, the endpoint's count. Read from the running bot.

import { behave, panel as load } from "./api.js";
import { clock, el } from "./dom.js";

const EVERY_MS = 2000;
const SETTLE_MS = 120; // Several events of one answer cause one look.
const STEPS = ["received", "asked", "settled", "replied"];
const SHOWN_ENTRIES = 14;

/** An entry of the ledger in words, and what is said below it. */
function entryWords({ kind, reason, uncertain }) {
  if (kind === "grant" && reason === "allowance") return ["monthly allowance"];
  if (kind === "release") return ["given back, not charged", uncertain && "the operator may have paid for it"];
  const words = { grant: "given by an admin", hold: "held for a search", capture: "paid, the answer came", adjust: "taken by an admin" };
  return [words[kind] ?? kind, reason];
}

// The core's outcomes, in the reader's words.
const OUTCOMES = {
  found: "Products found",
  nothing: "Nothing found",
  no_credits: "No credits left",
  budget_spent: "The operator's budget is spent",
  members_only: "For members only",
  blocked: "Blocked",
  unreadable: "Not a usable photo",
  busy: "Too many are waiting",
  paused: "Searching is paused",
  lost: "No answer came: not charged",
  unavailable: "The endpoint is unavailable: not charged",
  stale: "Too old to search unasked",
  expired: "No longer stored",
};
const FREE = { stored: " · free: asked before", shared: " · free: somebody asked the same" };
const NOT_ASKED = new Set(["no_credits", "budget_spent", "members_only", "blocked", "unreadable", "busy", "paused", "stale", "expired"]);

const CALLS = { normal: "answered", none: "nothing found", slow: "answered late", "reset-after": "answer lost", 402: "key refused (402)", 500: "server error (500)" };

/** The endpoint's answers that can be chosen: value -> seconds, where it takes them. */
const SECONDS = { slow: 6 };

const byTime = (a, b) => String(a.at).localeCompare(String(b.at));
const signed = (amount) => (amount > 0 ? `+${amount}` : amount < 0 ? `−${-amount}` : "±0");
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** `parts`: the panel's elements by name; `who()` -> person id; `changed(credits)` is told the credits. */
export function createPanel(parts, { who, changed, fail }) {
  let running = null;
  let soon = 0;
  let drawn = "";
  let lastSearch = null;

  async function refresh() {
    running?.abort();
    const mine = (running = new AbortController());
    try {
      const data = await load(who(), mine.signal);
      const text = JSON.stringify(data);
      if (text === drawn) return;
      drawn = text;
      draw(data);
    } catch (error) {
      if (error.name !== "AbortError") parts.root.classList.add("away");
    }
  }

  function draw(data) {
    parts.root.classList.remove("away");
    parts.credits.textContent = data.credits;
    parts.unit.textContent = data.credits === 1 ? "credit left" : "credits left";
    parts.renewal.textContent = data.renewal ?? "";
    changed(data.credits);
    drawSearch([...(data.searches ?? [])].sort(byTime));
    drawEntries([...(data.entries ?? [])]);
    drawEndpoint(data.endpoint ?? {});
    drawBudget(data.budget ?? {});
  }

  // The other photos of an album wait as "offered": the one that is searched is shown, and how many wait.
  function drawSearch(searches) {
    const search = searches.findLast((one) => one.state !== "offered") ?? searches.at(-1);
    const offered = searches.filter((one) => one.state === "offered" && one.album === search?.album).length;
    parts.search.hidden = !search;
    parts.noSearch.hidden = Boolean(search);
    if (!search) return;
    const { outcome } = search;
    const at = STEPS.indexOf(search.state);
    const free = ["stored", "shared"].includes(search.charge) || NOT_ASKED.has(outcome);
    if (search.id !== lastSearch) {
      // A new search starts dark, so that its steps light up one after the other.
      lastSearch = search.id;
      for (const step of parts.steps.children) step.className = "";
      void parts.steps.offsetWidth;
    }
    STEPS.forEach((name, index) => {
      const skipped = name === "asked" && free && at > index;
      const lit = index <= at && !skipped;
      parts.steps.children[index].className = [lit && "lit", skipped && "skipped", index === at && "now"].filter(Boolean).join(" ");
    });
    const words = [search.region && search.region !== "*" ? search.region : "any market", search.words && `“${search.words}”`].filter(Boolean).join(" · ");
    parts.outcome.textContent = search.state === "offered" ? "Waiting for its button" : OUTCOMES[outcome] ?? (outcome ? outcome.replaceAll("_", " ") : "Under way");
    parts.question.textContent = `${words} · ${clock(search.at)}${FREE[search.charge] ?? ""}`;
    parts.resting.hidden = outcome !== "unavailable";
    parts.offered.hidden = offered === 0;
    parts.offered.textContent = `${plural(offered, "more photo")} not searched: the answer's button asks for ${offered === 1 ? "it" : "them"}`;
  }

  function drawEntries(entries) {
    const newest = entries.sort(byTime).reverse();
    parts.entries.replaceChildren(
      ...newest.slice(0, SHOWN_ENTRIES).map((entry) => {
        const [what, below] = entryWords(entry);
        return el(
          "li",
          {},
          el("span", { class: `amount ${entry.amount > 0 ? "plus" : entry.amount < 0 ? "minus" : ""}` }, signed(entry.amount)),
          el("span", { class: "what" }, what, below && el("small", {}, below)),
          el("time", {}, clock(entry.at)),
        );
      }),
    );
    parts.noEntries.hidden = newest.length > 0;
  }

  function drawEndpoint(endpoint) {
    parts.requests.textContent = plural(endpoint.requests ?? 0, "request");
    parts.charged.textContent = `${endpoint.charged ?? 0} charged`;
    parts.calls.replaceChildren(
      ...[...(endpoint.log ?? [])].sort(byTime).reverse().slice(0, 6).map((call) =>
        el(
          "li",
          {},
          el("time", {}, clock(call.at)),
          el("span", { class: "what" }, [call.region || "any market", call.product_name && `“${call.product_name}”`, CALLS[call.outcome] ?? call.outcome].filter(Boolean).join(" · ")),
          el("span", { class: `stamp ${call.charged ? "paid" : ""}` }, call.charged ? "1 credit" : "free"),
        ),
      ),
    );
    if (document.activeElement === parts.behaviour || !endpoint.behaviour) return;
    if (![...parts.behaviour.options].some((option) => option.value === endpoint.behaviour)) {
      parts.behaviour.append(el("option", { value: endpoint.behaviour }, endpoint.behaviour));
    }
    parts.behaviour.value = endpoint.behaviour;
    arm();
  }

  function drawBudget({ used = 0, limit = null }) {
    parts.budget.textContent = limit == null ? `${used} used this month, no limit` : `${used} of ${limit} used this month`;
    parts.bar.hidden = limit == null;
    if (limit != null) {
      parts.bar.max = Math.max(limit, 1);
      parts.bar.value = Math.min(used, limit);
    }
  }

  function arm() {
    const normal = parts.behaviour.value === "normal";
    parts.times.disabled = normal;
    parts.control.classList.toggle("armed", !normal);
  }

  async function choose() {
    arm();
    const name = parts.behaviour.value;
    const times = name === "normal" || !parts.times.value ? null : Number(parts.times.value);
    try {
      await behave(name, times, SECONDS[name] ?? null);
    } catch (error) {
      fail(error.message);
    }
    drawn = "";
    poke();
  }

  /** Something happened: look again in a moment. */
  function poke() {
    clearTimeout(soon);
    soon = setTimeout(refresh, SETTLE_MS);
  }

  parts.behaviour.addEventListener("change", choose);
  parts.times.addEventListener("change", choose);
  setInterval(() => document.hidden || refresh(), EVERY_MS);

  return { poke, refresh };
}
