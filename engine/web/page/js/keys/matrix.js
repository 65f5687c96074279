// The modulation matrix: up to sixteen routes from a source to a target.

import { el, setText } from "../dom.js";
import { List } from "./choice.js";
import { glyphButton } from "./glyphs.js";
import { Knob } from "./knob.js";
import { amountMeta, fits, SOURCES, TARGETS } from "./layout.js";

const MOST = 16;
const NONE = "No routes. A route lets a source, such as velocity, move a target, such as the cutoff.";
const FIRST = { source: "velocity", target: "cutoff", amount: 12 };

/** Hold the routes against the model: what is edited here goes out whole. */
export function matrix(bench) {
  const { model } = bench;
  const rows = el("ol", { class: "routes" });
  const add = el("button", { type: "button", class: "button route-add", text: "+ Route" });
  const none = el("p", { class: "dim routes-none", text: NONE });
  const words = el("p", { class: "sr", role: "status" });
  let shown = [];

  const change = (routes) => model.set("matrix", routes);
  const routes = () => structuredClone(model.get("matrix"));

  add.addEventListener("click", () => {
    change([...routes(), { ...FIRST }]);
    rows.lastElementChild.querySelector("select").focus();
    setText(words, `route ${shown.length} added`);
  });

  const edit = (index, values) => {
    const all = routes();
    const next = { ...all[index], ...values };
    if (!fits(next.source, next.target)) next.target = "cutoff";
    const limit = amountMeta(next.target).high;
    next.amount = Math.max(-limit, Math.min(limit, next.amount));
    all[index] = next;
    change(all);
  };

  const remove = (index) => {
    change(routes().filter((_, i) => i !== index));
    setText(words, `route ${index + 1} removed`);
    const left = rows.children[Math.min(index, rows.children.length - 1)];
    (left?.querySelector(".icon-button") ?? add).focus();
  };

  function row(index) {
    const name = `route ${index + 1}`;
    const source = new List(`${name} source`, Object.entries(SOURCES), (value) => edit(index, { source: value }));
    const target = new List(`${name} target`, Object.entries(TARGETS), (value) => edit(index, { target: value }));
    const amount = new Knob({ ...amountMeta("pitch"), short: "" }, {
      label: `${name} amount`,
      change: (value) => edit(index, { amount: value }),
      grip: (held) => (held ? model.hold("matrix") : model.release("matrix")),
      small: true,
    });
    const node = el(
      "li",
      { class: "route" },
      source.node,
      el("span", { class: "route-target" }, el("span", { text: "\u2192", "aria-hidden": "true" }), target.node),
      amount.node,
      glyphButton("close", `Remove ${name}`, () => remove(index)),
    );
    let reach = "";
    return {
      node,
      show(route) {
        source.value = route.source;
        const offered = Object.entries(TARGETS).filter(([one]) => fits(route.source, one));
        if (reach !== route.source) target.options = offered;
        reach = route.source;
        target.value = route.target;
        amount.meta = { ...amountMeta(route.target), short: "" };
        amount.value = route.amount;
      },
    };
  }

  model.on(({ patch }) => {
    const all = patch.matrix;
    while (shown.length < all.length) {
      shown.push(row(shown.length));
      rows.append(shown.at(-1).node);
    }
    while (shown.length > all.length) shown.pop().node.remove();
    all.forEach((route, i) => shown[i].show(route));
    add.disabled = all.length >= MOST;
    none.hidden = all.length > 0;
  });
  return { node: el("div", { class: "k-sheet k-matrix" }, rows, none, add, words) };
}
