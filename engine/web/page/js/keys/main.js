// The room of the keys: what makes the sound, as knobs and as curves.

import { el, find } from "../dom.js";
import { Bench } from "./bench.js";
import { Curves } from "./curves.js";
import { envelopes } from "./envelopes.js";
import { filter } from "./filter.js";
import { lfos } from "./lfos.js";
import { Model } from "./model.js";
import { more } from "./more.js";
import { oscillators } from "./oscillators.js";
import { patches } from "./patches.js";
import { scope, spectrum } from "./scope.js";

/** Fill the section once the session has said what its parameters are. */
export function mount(section, link) {
  const model = new Model(link);
  const curves = new Curves(link, model);
  patches(find(".head-tools", section), section, link, model);
  const body = find(".body", section);
  let asked = false;
  link.on("link", async ({ state }) => {
    if (state !== "open" || asked) return;
    asked = true;
    try {
      build(body, new Bench(link, model, curves, await link.get("/api/parameters")));
    } catch (error) {
      if (error.status === undefined) throw error;
      asked = false; // the next connection asks again
    }
  });
}

function build(body, bench) {
  const { link } = bench;
  body.replaceChildren(
    el(
      "div",
      { class: "bench" },
      el("div", { class: "bench-row" }, oscillators(bench, scope(link)), filter(bench, spectrum(link))),
      el("div", { class: "bench-row" }, envelopes(bench), lfos(bench), more(bench)),
    ),
  );
}
