/** The day view: the whole recording or a part of it, and where the page is in it. */

import { Latest, array, of } from "/static/api.js";
import { beginning, dayOf, lengthText, timeText } from "/static/clock.js";
import { LEFT, RIGHT, SHOWN_DB, drawDay, ribbonPicture, rowsOf, spectrogramPictures } from "/static/day_rows.js";
import { brush, byId } from "/static/dom.js";
import { faint, fitted, onScale, theme } from "/static/paint.js";
import { centreOn, change, labelOf, state, watch } from "/static/state.js";

const SHORTEST_S = 60;
const MOST_COLUMNS = 2400;
const view = byId("day-view");
const base = byId("day-base", HTMLCanvasElement);
const over = byId("day-over", HTMLCanvasElement);
const tip = byId("day-tip");
const section = byId("day");
const latest = new Latest();
/** @type {Span | null} */
let shown = null; // the answers for one span
let waiting = 0; // frame in which the base is drawn anew
/** @type {number | null} */
let hover_s = null;
/** @type {Complain} */
let say = () => {};

const begin = () => beginning(state.reading.start);
const plotWidth = () => Math.max(50, view.clientWidth - LEFT - RIGHT);

/** Fetch and draw the span of `state.day`. Until the answer is there, the old one is stretched. */
async function refresh() {
  const { reading, blind } = state;
  if (!reading) return;
  const [from, to] = state.day;
  redraw();
  section.setAttribute("aria-busy", "true");
  const columns = Math.min(MOST_COLUMNS, Math.round(plotWidth() * (window.devicePixelRatio || 1)));
  const asked = { start_s: from, stop_s: to, columns };
  try {
    const answers = await latest.ask((signal) => {
      const place = (/** @type {string} */ name) => of(reading.id, `/${name}`);
      return Promise.all([
        blind ? null : array(Float32Array, place("probabilities"), asked, signal),
        array(Uint8Array, place("spectrogram"), asked, signal),
        array(Float32Array, place("trends"), asked, signal),
        array(Uint8Array, place("quality"), asked, signal),
      ]);
    });
    if (!answers || reading !== state.reading) return;
    const [ribbon, spectrogram, trends, quality] = answers;
    shown = {
      from, to, trends, quality, probabilities: ribbon,
      ribbon: ribbon && ribbonPicture(ribbon, reading.patterns),
      spectrograms: spectrogramPictures(spectrogram, reading.spectrogram),
    };
    draw();
    section.setAttribute("aria-busy", "false");
  } catch (problem) {
    section.setAttribute("aria-busy", "false");
    say(problem);
  }
}

function redraw() {
  waiting ||= requestAnimationFrame(draw);
}

function draw() {
  cancelAnimationFrame(waiting);
  waiting = 0;
  if (!state.reading) return;
  const canvas = fitted(base, { opaque: true });
  const { reading, blind, trends, events, selected } = state;
  const [from, to] = state.day;
  const rows = rowsOf(reading, canvas.height, { blind, trends });
  drawDay(canvas, rows, { from, to, begin: begin(), reading, shown, marks: events, selected, blind });
  drawCursor();
}

/** The frame of the page, and the line below the mouse. */
function drawCursor() {
  const { context, width, height } = fitted(over);
  const [from, to] = state.day;
  const x = (/** @type {number} */ at_s) => LEFT + ((at_s - from) / (to - from)) * (width - RIGHT - LEFT);
  const colour = theme();
  const start = x(state.start_s);
  const wide = Math.max(3, x(state.start_s + state.page_s) - start);
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT - RIGHT, height);
  context.clip();
  context.fillStyle = faint(colour.cursor, 0.16);
  context.fillRect(start, 0, wide, height - 15);
  context.strokeStyle = colour.paper;
  context.lineWidth = 3;
  context.strokeRect(start, 1, wide, height - 17);
  context.strokeStyle = colour.cursor;
  context.lineWidth = 1.5;
  context.strokeRect(start, 1, wide, height - 17);
  if (hover_s !== null) {
    context.fillStyle = faint(colour.cursor, 0.6);
    context.fillRect(x(hover_s), 0, 1, height - 15);
  }
  view.setAttribute("aria-valuemax", String(Math.round(state.reading.duration_s)));
  view.setAttribute("aria-valuenow", String(Math.round(state.start_s)));
  view.setAttribute("aria-valuetext", `page at ${timeText(state.start_s, begin())}`);
}

/**
 * Show a span of the recording, kept within it.
 * @param {number} from
 * @param {number} to
 */
function span(from, to) {
  const { duration_s } = state.reading;
  const length = Math.min(Math.max(to - from, Math.min(SHORTEST_S, duration_s)), duration_s);
  const start = Math.min(Math.max(0, (from + to - length) / 2), duration_s - length);
  change({ day: [start, start + length] });
}

/**
 * Zoom by a factor: about a second of the recording, which stays where it is, or onto the page.
 * @param {number} factor
 * @param {number | null} about_s
 */
export function zoom(factor, about_s = null) {
  const [from, to] = state.day;
  const fixed = about_s ?? state.start_s + state.page_s / 2;
  const length = Math.min(Math.max((to - from) * factor, SHORTEST_S), state.reading.duration_s);
  const share = about_s === null ? 0.5 : (fixed - from) / (to - from);
  span(fixed - share * length, fixed + (1 - share) * length);
}

/** The whole recording. */
export const zoomAll = () => span(0, state.reading.duration_s);

/** Keep the page in sight. */
function follow() {
  const [from, to] = state.day;
  const middle = state.start_s + state.page_s / 2;
  if (middle < from || middle > to) span(middle - (to - from) / 2, middle + (to - from) / 2);
  else drawCursor();
}

/** @param {MouseEvent} event */
const secondAt = (event) => {
  const [from, to] = state.day;
  const across = event.clientX - view.getBoundingClientRect().left - LEFT;
  return Math.min(Math.max(from, from + (across / plotWidth()) * (to - from)), to);
};

/**
 * What lies below the mouse, in words.
 * @param {number} at_s
 * @param {number} y
 */
function describe(at_s, y) {
  const { reading, events, day } = state;
  const reach = ((day[1] - day[0]) / plotWidth()) * 4;
  const words = [`${dayOf(reading.duration_s, begin()) > 1 ? `day ${dayOf(at_s, begin())}, ` : ""}${timeText(at_s, begin())}`];
  if (shown && at_s >= shown.from && at_s < shown.to) {
    const columns = shown.quality.data.length;
    const column = Math.floor(((at_s - shown.from) / (shown.to - shown.from)) * columns);
    const reason = shown.quality.data[column];
    const row = rowsOf(reading, view.clientHeight, state).find(({ kind, top, height }) => kind === "trend" && y >= top && y < top + height);
    for (const at of row?.at ?? []) {
      const { label, unit } = reading.trends[at];
      const value = shown.trends.data[at * columns + column];
      if (Number.isFinite(value)) words.push(`${label} ${unit ? Math.round(value) : value.toFixed(2)} ${unit}`.trim());
    }
    if (reason) words.push(`not judged: ${reading.reasons[reason]}`);
    else if (shown.probabilities) {
      const { data } = shown.probabilities;
      const all = reading.patterns.map((pattern, k) => ({ share: data[k * columns + column], label: judgedLabel(pattern) }));
      const [{ share: most, label }] = all.sort((a, b) => b.share - a.share);
      if (most >= 0) words.push(`${label} ${Math.round(100 * most)} %`);
    }
  }
  const near = reading.annotations.filter(({ onset_s }) => Math.abs(onset_s - at_s) <= reach).slice(0, 3);
  words.push(...near.map(({ text }) => `“${text}”`));
  const within = events.find((one) => at_s >= one.onset_s - reach / 2 && at_s <= one.onset_s + one.duration_s + reach / 2);
  if (within) {
    words.push(`${labelOf(within.pattern)}, ${lengthText(within.duration_s)}`);
  }
  return words.join(" · ");
}

/** @param {MouseEvent} event */
function hover(event) {
  hover_s = secondAt(event);
  drawCursor();
  tip.textContent = describe(hover_s, event.clientY - view.getBoundingClientRect().top);
  tip.hidden = false;
  const across = event.clientX - view.getBoundingClientRect().left;
  const left = across + 14 + tip.offsetWidth > view.clientWidth ? across - tip.offsetWidth - 10 : across + 14;
  tip.style.transform = `translate(${Math.max(0, left)}px, 8px)`;
}

/** The colours of the spectrograms and what they mean. */
function scaleOfPower() {
  const bar = document.createElement("canvas");
  [bar.width, bar.height] = [64, 1];
  const context = brush(bar);
  for (let x = 0; x < bar.width; x += 1) {
    context.fillStyle = `rgb(${onScale(x / (bar.width - 1)).join(" ")})`;
    context.fillRect(x, 0, 1, 1);
  }
  const part = document.createElement("span");
  part.className = "power";
  part.title = "Power of the spectrograms, the same scale for every recording";
  part.append(String(SHOWN_DB[0]).replace("-", "−"), bar, `${SHOWN_DB[1]} dB`);
  return part;
}

/**
 * A pattern by name; of one that the montage can't tell that, too.
 * @param {{ name: string, label: string }} pattern
 */
const judgedLabel = ({ name, label }) => (state.reading.untold.includes(name) ? `${label} (not judged)` : label);

/**
 * Take up the work; `complain` shows an error in one line.
 * @param {Complain} complain
 */
export function startDay(complain) {
  say = complain;
  const legend = byId("day-legend");
  watch(["reading"], () => {
    shown = null;
    const parts = state.blind ? [] : state.reading.patterns.map((pattern) => {
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = pattern.colour;
      const part = document.createElement("span");
      part.title = pattern.long_name;
      part.append(swatch, judgedLabel(pattern));
      return part;
    });
    legend.replaceChildren(...parts, scaleOfPower());
  });
  watch(["day", "trends"], () => {
    const [from, to] = state.day;
    const whole = to - from >= state.reading.duration_s - 1;
    byId("day-title").textContent = whole ? `Whole recording, ${lengthText(to)}` : `${lengthText(to - from)} of ${lengthText(state.reading.duration_s)}`;
    section.classList.toggle("small", !state.trends);
    refresh();
  });
  watch(["events", "selected", "theme"], redraw);
  watch(["start_s", "page_s"], follow);
  new ResizeObserver(refresh).observe(view);

  view.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    view.setPointerCapture(event.pointerId);
    centreOn(secondAt(event));
  });
  view.addEventListener("pointermove", (event) => {
    hover(event);
    if (event.buttons & 1) centreOn(secondAt(event));
  });
  view.addEventListener("pointerleave", () => {
    hover_s = null;
    tip.hidden = true;
    drawCursor();
  });
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [from, to] = state.day;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const move = Math.sign(sideways) * (to - from) * 0.1;
      span(from + move, to + move);
    } else zoom(event.deltaY < 0 ? 0.7 : 1 / 0.7, secondAt(event));
  }, { passive: false });
}
