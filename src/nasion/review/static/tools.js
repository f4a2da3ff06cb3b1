/** Choices above the page: montage, scale, filters; the theme; where to go. */

import { beginning, lengthText, secondOf } from "/static/clock.js";
import { byId } from "/static/dom.js";
import { pageFrom } from "/static/gaps.js";
import { forgetTheme } from "/static/paint.js";
import { step } from "/static/events.js";
import { SENSITIVITIES, centreOn, change, lastStart, state, turnTo, watch } from "/static/state.js";
import * as day from "/static/day.js";

/** @type {Record<string, "montage" | "page_s" | "sensitivity" | "low_hz" | "high_hz" | "notch_hz">} */
const CHOICES = { montage: "montage", "page-s": "page_s", sensitivity: "sensitivity", "low-hz": "low_hz", "high-hz": "high_hz", "notch-hz": "notch_hz" };
/** @type {Say} */
let tell = () => {};

/** @param {number} way */
const nextEvent = (way) => {
  if (!step(way)) tell(way > 0 ? "No further event in the list" : "No earlier event in the list");
};

/** What keys and buttons do to the view. */
export const view = {
  /**
   * Turn so many pages on, or back, and over a long gap at once.
   * @param {number} n
   */
  pages(n) {
    const { at_s, passed_s } = pageFrom(n);
    turnTo(at_s);
    if (passed_s) tell(`Nothing recorded for ${lengthText(passed_s)}: passed over`);
  },
  seconds: (/** @type {number} */ n) => turnTo(state.start_s + n),
  first: () => turnTo(0),
  last: () => turnTo(lastStart()),
  /**
   * To the next larger (1) or smaller (-1) traces.
   * @param {number} way
   */
  amplify(way) {
    const at = SENSITIVITIES.indexOf(state.sensitivity) - way;
    if (at < 0 || at >= SENSITIVITIES.length) return;
    change({ sensitivity: SENSITIVITIES[at] });
    tell(`${state.sensitivity} µV/mm`);
  },
  event: nextEvent,
  map() {
    if (state.blind) tell("Blind: maps are hidden");
    else if (!state.reading.model.maps) tell("Maps are not available for this reading");
    else change({ map: !state.map });
  },
  calipers: () => change({ calipers: !state.calipers }),
  trends: () => change({ trends: !state.trends }),
  zoomIn: () => day.zoom(0.5),
  zoomOut: () => day.zoom(2),
  zoomAll: () => day.zoomAll(),
  goTo: () => byId("go-to", HTMLInputElement).select(),
  theme: () => change({ theme: state.theme === "dark" ? "light" : "dark" }),
};

/**
 * Take up the work; `report` says what was done.
 * @param {Say} report
 */
export function startTools(report) {
  tell = report;
  byId("sensitivity").replaceChildren(...SENSITIVITIES.map((uv) => new Option(`${uv} µV/mm`, String(uv))));
  watch(["reading"], () => {
    const { montages } = state.reading;
    byId("montage").replaceChildren(...montages.map(({ name }) => new Option(name, name)));
    if (!montages.some(({ name }) => name === state.montage)) change({ montage: montages[0].name });
  });
  for (const [id, key] of Object.entries(CHOICES)) {
    const choice = byId(id, HTMLSelectElement);
    const show = () => (choice.value = String(state[key]));
    choice.addEventListener("change", () => change({ [key]: typeof state[key] === "number" ? Number(choice.value) : choice.value }));
    watch([key, "reading"], show);
  }
  const presses = {
    "previous-page": () => view.pages(-1), "next-page": () => view.pages(1),
    "previous-event": () => nextEvent(-1), "next-event": () => nextEvent(1),
    "zoom-in": view.zoomIn, "zoom-out": view.zoomOut, "zoom-all": view.zoomAll,
    calipers: view.calipers, map: view.map, trends: view.trends, theme: view.theme,
  };
  for (const [id, press] of Object.entries(presses)) byId(id).addEventListener("click", press);
  watch(["calipers"], () => byId("calipers").setAttribute("aria-pressed", String(state.calipers)));
  watch(["trends", "reading"], () => byId("trends").setAttribute("aria-pressed", String(state.trends)));
  const field = byId("go-to", HTMLInputElement);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") byId("eeg-view").focus();
    if (event.key !== "Enter") return;
    const at = secondOf(field.value, beginning(state.reading.start), state.start_s);
    const sound = at !== null && at >= 0 && at <= state.reading.duration_s;
    field.setAttribute("aria-invalid", String(!sound));
    tell(sound ? `At ${field.value}` : `${field.value} is no time of this recording (h:mm:ss)`);
    if (!sound) return;
    centreOn(at);
    byId("eeg-view").focus();
  });
  const showTheme = () => {
    byId("theme").textContent = state.theme === "dark" ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", `Change to the ${state.theme === "dark" ? "light" : "dark"} theme`);
  };
  showTheme();
  document.addEventListener("themechange", showTheme);
}

/** Give the page its colours before anyone draws with them; must watch first. */
export function startTheme() {
  watch(["theme"], () => {
    document.documentElement.dataset.theme = state.theme;
    localStorage.setItem("nasion.theme", state.theme);
    forgetTheme();
    document.dispatchEvent(new Event("themechange"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => {
    if (!localStorage.getItem("nasion.theme")) change({ theme: matches ? "dark" : "light" });
  });
}
