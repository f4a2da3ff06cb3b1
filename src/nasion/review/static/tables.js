/** The lists at the side: events, annotations, facts of the recording. */

import { beginning, dayOf, lengthText, timeText } from "/static/clock.js";
import { byId } from "/static/dom.js";
import { choose, list, order } from "/static/events.js";
import { Grid } from "/static/grid.js";
import { centreOn, deedOf, labelOf, patternOf, state, watch } from "/static/state.js";

const begin = () => beginning(state.reading.start);
const several = () => dayOf(state.reading.duration_s, begin()) > 1;
/** @param {number} at_s */
const when = (at_s) => (several() ? `d${dayOf(at_s, begin())} ` : "") + timeText(at_s, begin());

/**
 * @param {HTMLElement} cell
 * @param {Mark} one
 */
function patternCell(cell, one) {
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.style.background = patternOf(one.pattern)?.colour ?? "transparent";
  const text = document.createElement("span");
  text.textContent = labelOf(one.pattern);
  if (one.rejected) text.className = "struck";
  if (one.doubt) {
    text.className = "doubted";
    text.textContent += " ?";
    cell.title = `uncertain: ${one.doubt}`;
  }
  cell.append(swatch, text);
}

/**
 * @param {HTMLElement} cell
 * @param {Mark} one
 */
function verdictCell(cell, one) {
  const deed = deedOf(one.action);
  cell.textContent = deed?.mark ?? "";
  const note = one.event.verdict?.note;
  if (deed) cell.title = deed.told + (note ? `: ${note}` : "");
  if (deed) cell.setAttribute("aria-label", cell.title);
  if (note) cell.textContent += " ✎";
}

/** @param {number} length_s */
const shortLength = (length_s) => (length_s < 100 ? `${Math.round(length_s)} s` : length_s < 6000 ? `${Math.round(length_s / 60)} min` : `${(length_s / 3600).toFixed(1)} h`);

/** @type {import("/static/grid.js").Column[]} */
const EVENT_COLUMNS = [
  { key: "time", title: "Time", width: "98px", fill: (cell, one) => (cell.textContent = when(one.onset_s)) },
  { key: "length", title: "Long", width: "50px", className: "right", fill: (cell, one) => (cell.textContent = shortLength(one.duration_s)) },
  { key: "pattern", title: "Pattern", width: "90px", fill: patternCell },
  { key: "certainty", title: "p", width: "36px", className: "right", fill: (cell, one) => (cell.textContent = one.certainty === null ? "" : one.certainty.toFixed(2).replace(/^0/, "")) },
  { key: "verdict", title: "✓", fill: verdictCell },
];

/** @type {import("/static/grid.js").Column[]} */
const NOTE_COLUMNS = [
  { title: "Time", width: "98px", fill: (cell, one) => (cell.textContent = when(one.onset_s)) },
  {
    title: "Text",
    fill: (cell, one) => {
      cell.textContent = one.text;
      cell.title = one.text;
    },
  },
];

function facts() {
  const { reading, blind } = state;
  const names = (/** @type {string[]} */ all) => (all.length ? all.join(", ") : "none");
  const bad = Object.entries(reading.bad).filter(([, share]) => share >= 0.05);
  /** @type {[string, string][]} */
  const rows = [
    ["Name", reading.name],
    ["Begins", reading.start ? reading.start.replace("T", " ") : "not known"],
    ["Duration", lengthText(reading.duration_s)],
    ["Accuracy", reading.accuracy],
    ["Channels used", names(reading.recorded)],
    ["Rebuilt from derivations (≈)", names(reading.rebuilt)],
    ["Missing", names(reading.missing)],
    ["Interpolated (~)", names(reading.interpolated)],
    ["Faulty (5 % of the time or more)", names(bad.map(([name, share]) => `${name} ${Math.round(100 * share)} %`))],
    ["Gaps", names(reading.gaps.map(({ onset_s, duration_s }) => `${when(onset_s)} (${lengthText(duration_s)})`))],
    ["Warnings", names(reading.warnings)],
  ];
  if (!blind) {
    const current = state.readings.find(({ id }) => id === reading.id);
    const burden = reading.patterns.map(({ name, label }) =>
      reading.untold.includes(name) ? `${label} not judged` : `${label} ${Math.round(current?.minutes?.[name] ?? 0)} min`);
    rows.push(["Burden", burden.join(", ")]);
    const { title, licence_text, nasion, restriction } = reading.model;
    const model = [title, licence_text, nasion && `nasion ${nasion}`].filter(Boolean).join(", ");
    rows.push(["Model", [model, restriction].filter(Boolean).join(". ") || "not known"]);
  }
  const made = rows.flatMap(([title, text]) => {
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = title;
    value.textContent = text;
    return [term, value];
  });
  byId("facts").replaceChildren(...made);
  const cautions = byId("cautions");
  cautions.hidden = !reading.cautions.length;
  cautions.textContent = reading.cautions.map((text) => `Caution: ${text}.`).join(" ");
}

function startTabs() {
  /** @type {HTMLElement[]} */
  const tabs = [...document.querySelectorAll("[role=tab]")].map((tab) => byId(tab.id));
  const open = (/** @type {HTMLElement} */ tab) => {
    for (const other of tabs) {
      const here = other === tab;
      other.setAttribute("aria-selected", String(here));
      other.tabIndex = here ? 0 : -1;
      byId(String(other.getAttribute("aria-controls"))).hidden = !here;
    }
  };
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const way = new Map([["ArrowRight", 1], ["ArrowLeft", -1]]).get(event.key);
      if (!way) return;
      event.preventDefault();
      event.stopPropagation();
      const to = tabs[(at + way + tabs.length) % tabs.length];
      open(to);
      to.focus();
    });
  });
}

/** Take up the work. */
export function startTables() {
  startTabs();
  const sort = (/** @type {string} */ key) => {
    order.falling = order.by === key ? !order.falling : key === "certainty";
    order.by = key;
    list();
    events.sorted(order.by, order.falling);
  };
  const events = new Grid(byId("events"), { label: "Events", columns: EVENT_COLUMNS, pick: choose, sort });
  const notes = new Grid(byId("annotations"), {
    label: "Annotations of the recording", columns: NOTE_COLUMNS, pick: (one) => centreOn(one.onset_s),
  });
  events.sorted(order.by, order.falling);
  const pattern = byId("filter-pattern", HTMLSelectElement);
  const verdict = byId("filter-verdict", HTMLSelectElement);
  watch(["reading"], () => {
    pattern.replaceChildren(new Option("all", ""), ...state.reading.patterns.map(({ name, label }) => new Option(label, name)));
    const deeds = state.reading.deeds.map(({ action, word }) => new Option(word, action));
    verdict.replaceChildren(new Option("all", ""), new Option("unread", "unread"), ...deeds);
    order.pattern = order.verdict = verdict.value = "";
    notes.show(state.reading.annotations.map((one, id) => ({ id, ...one })), null);
    facts();
  });
  pattern.addEventListener("change", () => {
    order.pattern = pattern.value;
    list();
  });
  verdict.addEventListener("change", () => {
    order.verdict = verdict.value;
    list();
  });
  watch(["listed"], () => {
    events.show(state.listed, state.selected);
    const unread = state.events.filter((one) => !one.action).length;
    const tab = byId("tab-events");
    tab.textContent = `Events ${state.listed.length}${state.listed.length < state.events.length ? ` of ${state.events.length}` : ""}`;
    tab.title = `${unread} without a verdict`;
  });
  watch(["selected"], () => events.activate(state.selected));
}
