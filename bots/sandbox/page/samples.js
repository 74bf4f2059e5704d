// Sample photos as cards: on the first screen a click sends one, in the strip it joins the message.

import { ApiError } from "./api.js";
import { el } from "./dom.js";

/** Fill `list` with a card for each sample; `choose(file)` gets the photo as a file. */
export function showSamples(list, samples, verb, choose, fail) {
  list.replaceChildren(
    ...samples.map((sample) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: "sample", "data-sample": sample.id, "aria-label": `${verb}: ${sample.label}`, onclick: () => load(sample).then(choose, (error) => fail(error.message)) },
          el("img", { src: sample.url, alt: "", width: 160, height: 160, loading: "lazy" }),
          el("span", {}, sample.label),
        ),
      ),
    ),
  );
}

async function load(sample) {
  const response = await fetch(sample.url).catch(() => null);
  if (!response?.ok) throw new ApiError("That sample photo did not load. Please try another.");
  return new File([await response.blob()], `${sample.id}.jpg`, { type: "image/jpeg" });
}
