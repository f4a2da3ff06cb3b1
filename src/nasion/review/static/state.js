/** What the page shows now. `change` alters it and tells those who watch what altered. */

export const SENSITIVITIES = [3, 5, 7, 10, 15, 20, 30]; // µV/mm
export const CSS_PX_PER_MM = 96 / 25.4; // what a browser takes a mm for, until calibrated

export const state = {
  reading: /** @type {Reading} */ (/** @type {unknown} */ (null)), // none until the first is open
  readings: /** @type {Summary[]} */ ([]),
  problems: /** @type {string[]} */ ([]), // readings that can't be shown, and why
  blind: false,
  reviewer: "",
  start_s: 0, // of the page
  at_s: /** @type {number | null} */ (null), // the second whose step is explained; null: the page's middle
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
  map_pattern: /** @type {string | null} */ (null), // null: the most probable
  px_per_mm: CSS_PX_PER_MM,
  calibrated: false,
  single_keys: true,
  theme: document.documentElement.dataset.theme ?? "light",
  selected: /** @type {string | null} */ (null), // id of an event
  span: /** @type {number[] | null} */ (null), // [start_s, stop_s] marked on the page
  adding: false,
  events: /** @type {Mark[]} */ ([]), // Marks, see events.js
  listed: /** @type {Mark[]} */ ([]), // those that the table shows, in its order
};

/** @typedef {keyof typeof state} Key */

/** @type {Key[]} */
const KEPT = ["page_s", "montage", "sensitivity", "low_hz", "high_hz", "notch_hz", "trends",
  "px_per_mm", "calibrated", "single_keys"];
/** @type {[Set<Key>, (altered: Key[]) => void][]} */
const watchers = [];

/**
 * Call `then` whenever one of the keys alters.
 * @param {Key[]} keys
 * @param {(altered: Key[]) => void} then
 */
export function watch(keys, then) {
  watchers.push([new Set(keys), then]);
}

/**
 * Alter the state; values equal to the old ones count for nothing.
 * @param {Partial<typeof state>} updates
 */
export function change(updates) {
  const keys = /** @type {Key[]} */ (Object.keys(updates));
  const altered = keys.filter((key) => !Object.is(state[key], updates[key]));
  if (!altered.length) return;
  Object.assign(state, updates);
  if (altered.some((key) => KEPT.includes(key))) keep();
  for (const [watched, then] of watchers) if (altered.some((key) => watched.has(key))) then(altered);
}

function keep() {
  const kept = Object.fromEntries(KEPT.map((key) => [key, state[key]]));
  localStorage.setItem("nasion.view", JSON.stringify(kept));
}

/** Take up the view that was kept, as far as it makes sense. */
export function recall() {
  /** @type {any} */
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem("nasion.view") ?? "null");
  } catch {
    return; // someone else's words
  }
  for (const key of KEPT) {
    if (kept && typeof kept[key] === typeof state[key]) Object.assign(state, { [key]: kept[key] });
  }
  if (!SENSITIVITIES.includes(state.sensitivity)) state.sensitivity = 7;
  if (!(state.px_per_mm > 1 && state.px_per_mm < 40)) state.px_per_mm = CSS_PX_PER_MM;
}

/**
 * The pattern of a name; undefined of a candidate, which has none.
 * @param {string | null | undefined} name
 */
export const patternOf = (name) => state.reading.patterns.find((one) => one.name === name);

/**
 * How a pattern, or a candidate, is called.
 * @param {string | null | undefined} name
 */
export const labelOf = (name) => patternOf(name)?.label ?? "candidate";

/**
 * What was done to an event; undefined where nothing was.
 * @param {string | undefined} action
 */
export const deedOf = (action) => state.reading.deeds.find((one) => one.action === action);

/** The last second at which a page may begin. */
export const lastStart = () => Math.max(0, state.reading.duration_s - state.page_s);

/**
 * Turn to the page that begins at a second, within the recording.
 * @param {number} start_s
 */
export function turnTo(start_s) {
  const { sfreq } = state.reading;
  const at = Math.round(Math.min(Math.max(0, start_s), lastStart()) * sfreq) / sfreq;
  change({ start_s: at, at_s: null });
}

/**
 * Turn to the page that has a second in its middle.
 * @param {number} at_s
 */
export const centreOn = (at_s) => turnTo(Math.round(at_s - state.page_s / 2));
