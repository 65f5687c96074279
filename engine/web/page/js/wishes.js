// The few global wishes: familiar or new, fit to a time, and the rules, each of which can be off.

import { el, find, setText } from "./dom.js";
import { hour } from "./format.js";
import { announce, say } from "./says.js";

const DAY_MS = 24 * 3600 * 1000;
const ENERGY = [["", "as it comes"], ["steady", "steady"], ["rise", "rising"], ["fall", "falling"], ["arc", "up, then down"]];

export function mountWishes(link) {
  const put = (rules) => link.act(link.put("/api/queue/rules", rules));
  const familiarity = find("#familiarity");
  familiarity.oninput = () => sayFamiliarity(familiarity);
  familiarity.onchange = () => put({ familiarity: 1 - Number(familiarity.value) / 100 });
  const show = buildRules(find("#rules-sheet"), put);
  link.on("queue", ({ rules }) => {
    if (document.activeElement !== familiarity) familiarity.value = String(Math.round((1 - rules.familiarity) * 100));
    sayFamiliarity(familiarity);
    show(rules);
  });
  wireFit(link);
}

function sayFamiliarity(node) {
  const x = Number(node.value);
  const words = x < 20 ? "familiar" : x < 45 ? "rather familiar" : x <= 55 ? "even" : x <= 80 ? "rather new" : "new";
  node.setAttribute("aria-valuetext", words);
}

/** A row with a switch and a value; the value is asked for only when the switch is on. */
function row(label, toggle, ...value) {
  return el("div", { class: "row" }, el("label", {}, toggle, el("span", { text: label })), ...value);
}

const toggleOf = () => el("input", { type: "checkbox", role: "switch", class: "switch" });

function numberRow(label, name, unit, { low, high, step, usual }, put) {
  const toggle = toggleOf();
  const field = el("input", { type: "number", class: "field", min: low, max: high, step, value: usual, "aria-label": `${label}, ${unit}` });
  const send = () => put({ [name]: toggle.checked ? Math.min(high, Math.max(low, Number(field.value) || usual)) : null });
  toggle.onchange = send;
  field.onchange = send;
  const show = (value) => {
    toggle.checked = value !== null;
    field.disabled = value === null;
    if (value !== null && document.activeElement !== field) field.value = String(value);
  };
  return { node: row(label, toggle, el("span", { class: "row-value" }, field, el("span", { class: "dim", text: unit }))), show, name };
}

function switchRow(label, name, put) {
  const toggle = toggleOf();
  toggle.onchange = () => put({ [name]: toggle.checked });
  return { node: row(label, toggle), show: (value) => (toggle.checked = Boolean(value)), name };
}

function buildRules(sheet, put) {
  const energy = el("select", { class: "field", on: { change: () => put({ energy: energy.value || null }) } });
  energy.append(...ENERGY.map(([value, text]) => el("option", { value, text })));
  const hours = el("input", {
    type: "number",
    class: "field",
    min: 0.5,
    max: 24,
    step: 0.5,
    "aria-label": "Length of the evening, hours",
    on: { change: () => put({ evening_h: Math.min(24, Math.max(0.5, Number(hours.value) || 4)) }) },
  });
  const rows = [
    numberRow("Same artist apart", "artist_spacing", "tracks", { low: 1, high: 50, step: 1, usual: 3 }, put),
    switchRow("No second version of a song", "no_versions", put),
    numberRow("Tempo close", "tempo_percent", "%", { low: 1, high: 50, step: 1, usual: 8 }, put),
    switchRow("Keys that fit", "key_near", put),
  ];
  sheet.append(
    ...rows.map(({ node }) => node),
    el("label", { class: "row" }, el("span", { text: "Energy" }), energy),
    el("div", { class: "row" }, el("span", { text: "Evening of" }), el("span", { class: "row-value" }, hours, el("span", { class: "dim", text: "hours" }))),
    el("p", { class: "dim rules-words", text: "What a rule did to an entry stands below it." }),
  );
  return (rules) => {
    for (const { show, name } of rows) show(rules[name] ?? null);
    if (document.activeElement !== energy) energy.value = rules.energy ?? "";
    if (document.activeElement !== hours) hours.value = String(rules.evening_h ?? 4);
    hours.disabled = !rules.energy || rules.energy === "steady";
  };
}

/** Seconds from now until a time of day "hh:mm", today or else tomorrow. */
function secondsUntil(time) {
  const [hours, minutes] = time.split(":").map(Number);
  const end = new Date();
  end.setHours(hours, minutes, 0, 0);
  return (((end - Date.now()) % DAY_MS) + DAY_MS) % DAY_MS / 1000;
}

function wireFit(link) {
  const form = find("#fit-sheet");
  const until = find("#fit-until");
  const minutes = find("#fit-minutes");
  until.oninput = () => until.value && (minutes.value = "");
  minutes.oninput = () => minutes.value && (until.value = "");
  form.addEventListener("toggle", ({ newState }) => {
    if (newState === "open" && !until.value && !minutes.value) {
      const quarter = 15 * 60 * 1000;
      until.value = hour(Math.ceil((Date.now() + 2 * quarter) / quarter) * quarter);
    }
  });
  form.onsubmit = async (event) => {
    event.preventDefault();
    const seconds = minutes.value ? Number(minutes.value) * 60 : until.value ? secondsUntil(until.value) : 0;
    if (!(seconds > 0)) {
      say("fit: give a time of day or a number of minutes", true);
      return;
    }
    form.hidePopover();
    if ((await link.act(link.post("/api/queue/fit", { seconds }))) === undefined) return;
    setText(find("#fit").lastChild, until.value && !minutes.value ? `Fit to ${until.value}` : "Fit to time");
    announce("The queue fits the time");
  };
}
