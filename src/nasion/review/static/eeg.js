/** The EEG page: fetches, draws and says what it shows. */

import { beginning, dayOf, timeText } from "/static/clock.js";
import { drawEvents, drawMap, drawNotes, drawRibbon } from "/static/bands.js";
import { byId } from "/static/dom.js";
import { page as fetchPage, prefetch } from "/static/pages.js";
import { fitted, theme } from "/static/paint.js";
import { change, patternOf, state, watch } from "/static/state.js";
import { EKG_FACTOR, LEFT, RIGHT, drawGrid, drawScale, drawTraces, rowsOf } from "/static/traces.js";

const section = byId("page");
const view = byId("eeg-view");
const base = byId("eeg-base", HTMLCanvasElement);
/** The page on the screen (null until there is one) and the map over it. */
export const shown = {
  page: /** @type {Page | null} */ (null),
  map: /** @type {PageMap | null} */ (null),
};
/** @type {((page: Page) => void)[]} */
const after = []; // what else to do when a page is shown
/** @type {Complain} */
let say = () => {};
let waiting = 0;
let last_s = 0;
let turns = 0;

/**
 * Call `then(page)` whenever a page is shown.
 * @param {(page: Page) => void} then
 */
export const whenShown = (then) => void after.push(then);

export const pxPerUv = () => state.px_per_mm / state.sensitivity;

/** Show the page that the state asks for. The old one stays, with its own times, until it is there. */
async function refresh() {
  if (!state.reading) return;
  section.setAttribute("aria-busy", "true");
  const { start_s, reading } = state;
  const way = start_s - last_s;
  last_s = start_s;
  const turn = (turns += 1);
  try {
    const page = await fetchPage(start_s);
    if (turn !== turns || reading !== state.reading) return;
    shown.page = page;
    shown.map = null;
    draw();
    describe();
    section.setAttribute("aria-busy", "false");
    prefetch(start_s, way);
    for (const then of after) then(page);
  } catch (problem) {
    if ((problem instanceof Error && problem.name === "AbortError") || turn !== turns) return;
    section.setAttribute("aria-busy", "false");
    say(problem);
  }
}

/** Draw anew in the next frame. */
export function redraw() {
  waiting ||= requestAnimationFrame(draw);
}

function draw() {
  cancelAnimationFrame(waiting);
  waiting = 0;
  const { page, map } = shown;
  if (!page || !state.reading) return;
  const { reading, events, selected } = state;
  const canvas = fitted(base, { opaque: true });
  canvas.context.fillStyle = theme().paper;
  canvas.context.fillRect(0, 0, canvas.width, canvas.height);
  const rows = rowsOf(page, reading, canvas.height);
  const hue = patternOf(map?.pattern)?.colour;
  if (map && hue) drawMap(canvas, page, map, hue);
  drawEvents(canvas, page, events, { reading, selected, shaded: Boolean(map) });
  drawGrid(canvas, page, rows, beginning(reading.start));
  drawRibbon(canvas, page, reading);
  drawNotes(canvas, page, reading.annotations);
  drawTraces(canvas, page, rows, { px_per_uv: pxPerUv(), sfreq: reading.sfreq });
  drawScale(canvas, pxPerUv());
}

/** The page in words: its time above, its scale below, all of it for those who do not see it. */
function describe() {
  const { page } = shown;
  if (!page) return;
  const { reading, sensitivity, px_per_mm, calibrated } = state;
  const montage = reading.montages.find(({ name }) => name === page.montage);
  const begin = beginning(reading.start);
  const stop_s = Math.min(page.start_s + page.page_s, reading.duration_s);
  const days = dayOf(reading.duration_s, begin) > 1 ? `day ${dayOf(page.start_s, begin)}, ` : "";
  const time = `${days}${timeText(page.start_s, begin)} – ${timeText(stop_s, begin)}`;
  byId("page-time").textContent = time;
  const mm = (view.clientWidth - LEFT - RIGHT) / page.page_s / px_per_mm;
  const scale = `${sensitivity} µV/mm (${reading.heart} ${sensitivity * EKG_FACTOR}), ${mm.toFixed(0)} mm/s, negative up`;
  byId("scale-note").textContent = calibrated ? scale : `${scale}; screen not calibrated`;
  const marked = rowsOf(page, reading, 400).flatMap(({ name, flaw }) => (flaw ? [`${name} ${flaw.word}`] : []));
  byId("eeg-text").textContent =
    `${page.page_s} seconds from ${time}, ${montage?.long_name}, ${page.names.length} traces: ${page.names.join(", ")}. ${scale}. ${
      marked.length ? `Marked: ${marked.join(", ")}.` : "No trace is marked."}`;
}

/**
 * Take up the work; `complain` shows an error in one line.
 * @param {Complain} complain
 */
export function startEeg(complain) {
  say = complain;
  watch(["reading"], () => {
    shown.page = null;
    shown.map = null;
  });
  watch(["reading", "start_s", "page_s", "montage", "low_hz", "high_hz", "notch_hz"], refresh);
  watch(["sensitivity", "px_per_mm", "calibrated"], describe);
  watch(["events", "selected", "sensitivity", "px_per_mm", "theme"], redraw);
  watch(["page_s"], () => change({ start_s: Math.min(state.start_s, Math.max(0, state.reading.duration_s - state.page_s)) }));
  new ResizeObserver(() => {
    draw();
    describe();
  }).observe(view);
}
