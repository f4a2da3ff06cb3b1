/** What the page shows now. `change` alters it and tells those who watch what altered. */

export const SENSITIVITIES = [3, 5, 7, 10, 15, 20, 30]; // µV/mm
export const CSS_PX_PER_MM = 96 / 25.4; // what a browser takes a mm for, until calibrated

export const state = {
  reading: null, // as the server tells of it
  readings: [],
  blind: false,
  reviewer: "",
  start_s: 0, // of the page
  at_s: null, // the second whose step is explained; null: the page's middle
  day: [0, 1], // seconds that the day view spans
  trends: true,
  page_s: 10,
  montage: "bipolar",
  sensitivity: 7,
  low_hz: 1,
  high_hz: 70,
  notch_hz: 0,
  calipers: false,
  map: false,
  map_pattern: null, // null: the most probable
  px_per_mm: CSS_PX_PER_MM,
  calibrated: false,
  single_keys: true,
  theme: document.documentElement.dataset.theme,
  selected: null, // id of an event
  span: null, // [start_s, stop_s] marked on the page
  adding: false,
  events: [], // Marks, see events.js
  listed: [], // those that the table shows, in its order
};

const KEPT = ["page_s", "montage", "sensitivity", "low_hz", "high_hz", "notch_hz", "trends",
  "px_per_mm", "calibrated", "single_keys"];
const watchers = [];

/** Call `then` whenever one of the keys alters. */
export function watch(keys, then) {
  watchers.push([new Set(keys), then]);
}

/** Alter the state; values equal to the old ones count for nothing. */
export function change(updates) {
  const altered = Object.keys(updates).filter((key) => !Object.is(state[key], updates[key]));
  if (!altered.length) return;
  Object.assign(state, updates);
  if (altered.some((key) => KEPT.includes(key))) keep();
  for (const [keys, then] of watchers) if (altered.some((key) => keys.has(key))) then(altered);
}

function keep() {
  const kept = Object.fromEntries(KEPT.map((key) => [key, state[key]]));
  localStorage.setItem("nasion.view", JSON.stringify(kept));
}

/** Take up the view that was kept, as far as it makes sense. */
export function recall() {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem("nasion.view"));
  } catch {
    return; // someone else's words
  }
  for (const key of KEPT) {
    if (kept && typeof kept[key] === typeof state[key]) state[key] = kept[key];
  }
  if (!SENSITIVITIES.includes(state.sensitivity)) state.sensitivity = 7;
  if (!(state.px_per_mm > 1 && state.px_per_mm < 40)) state.px_per_mm = CSS_PX_PER_MM;
}

/** The last second at which a page may begin. */
export const lastStart = () => Math.max(0, state.reading.duration_s - state.page_s);

/** Turn to the page that begins at a second, within the recording. */
export function turnTo(start_s) {
  const { sfreq } = state.reading;
  const at = Math.round(Math.min(Math.max(0, start_s), lastStart()) * sfreq) / sfreq;
  change({ start_s: at, at_s: null });
}

/** Turn to the page that has a second in its middle. */
export const centreOn = (at_s) => turnTo(Math.round(at_s - state.page_s / 2));
