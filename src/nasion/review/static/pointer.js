/** The mouse on the EEG page: mark a span, measure, move the borders of an event. */

import { byId } from "/static/dom.js";
import { chosen } from "/static/events.js";
import { redraw, pxPerUv, shown, whenShown } from "/static/eeg.js";
import { BOLD, faint, fitted, theme } from "/static/paint.js";
import { change, state, turnTo, watch } from "/static/state.js";
import { FRAME, LEFT, RIGHT, secondsOf } from "/static/traces.js";

const CLICK_PX = 4;
const BORDER_PX = 6;
const view = byId("eeg-view");
const over = byId("eeg-over", HTMLCanvasElement);
/** @typedef {{kind: string, x: number, y: number, to_x: number, to_y: number, edge: number | null}} Drag */

/** @type {Drag | null} */
let drag = null;
/** @type {Drag | null} */
let measured = null; // the last caliper, in px
/** @type {(from: number, to: number) => void} */
let moveBorders = () => {};
/** @type {Say} */
let say = () => {};

/** @param {MouseEvent} event */
const where = (event) => {
  const box = view.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};
const seconds = () => secondsOf(/** @type {Page} */ (shown.page), view.clientWidth); // asked only of a page
/** @param {number} second */
const rounded = (second) => Math.round(second * 20) / 20;

/** Draw the step explained, the marked span, moving borders and calipers. */
export function drawOver() {
  const { context, width, height } = fitted(over);
  if (!shown.page) return;
  const colour = theme();
  const { x } = seconds();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT - RIGHT, height);
  context.clip();
  const at = state.at_s ?? shown.page.start_s + shown.page.page_s / 2;
  const { step_s } = state.reading;
  const step = Math.floor(at / step_s) * step_s;
  context.fillStyle = colour.ink;
  context.fillRect(x(step), height - FRAME.AXIS - 1, x(step + step_s) - x(step), 3);
  const span = drag?.kind === "span" || drag?.kind === "border" ? spanOf(drag) : state.span;
  if (span) {
    const [start, stop] = span.map(x);
    context.fillStyle = faint(colour.span, 0.16);
    context.fillRect(start, FRAME.TOP - 4, stop - start, height - FRAME.TOP - FRAME.AXIS + 4);
    context.fillStyle = colour.span;
    for (const edge of [start, stop]) context.fillRect(edge - 1, FRAME.TOP - 4, 2, height - FRAME.TOP - FRAME.AXIS + 4);
    label(context, `${(span[1] - span[0]).toFixed(2)} s`, start + 4, FRAME.TOP + 10, colour.span, width);
  }
  const caliper = drag?.kind === "caliper" ? drag : measured;
  if (caliper) drawCaliper(context, caliper, colour, width);
}

/**
 * @param {Context} context
 * @param {Drag} caliper
 * @param {Colour} colour
 * @param {number} width
 */
function drawCaliper(context, { x, y, to_x, to_y }, colour, width) {
  context.strokeStyle = colour.caliper;
  context.lineWidth = 1.5;
  context.strokeRect(Math.min(x, to_x), Math.min(y, to_y), Math.abs(to_x - x), Math.abs(to_y - y));
  context.beginPath();
  for (const edge of [x, to_x]) {
    context.moveTo(edge, FRAME.TOP);
    context.lineTo(edge, view.clientHeight - FRAME.AXIS);
  }
  context.setLineDash([3, 3]);
  context.stroke();
  context.setLineDash([]);
  label(context, words(x, y, to_x, to_y), Math.max(x, to_x) + 6, (y + to_y) / 2, colour.caliper, width);
}

/**
 * @param {Context} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 * @param {number} width
 */
function label(context, text, x, y, colour, width) {
  context.font = BOLD;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const wide = context.measureText(text).width + 8;
  const left = Math.min(x, width - RIGHT - wide);
  context.fillStyle = theme().panel;
  context.fillRect(left, y - 9, wide, 18);
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.strokeRect(left, y - 9, wide, 18);
  context.fillStyle = theme().ink;
  context.fillText(text, left + 4, y + 0.5);
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} to_x
 * @param {number} to_y
 */
function words(x, y, to_x, to_y) {
  const length = Math.abs(to_x - x) / seconds().scale;
  const uv = Math.abs(to_y - y) / pxPerUv();
  return `${uv.toFixed(0)} µV · ${(1000 * length).toFixed(0)} ms · ${length ? (1 / length).toFixed(2) : "–"} Hz`;
}

/**
 * Seconds that a drag spans, within the recording.
 * @param {Drag} drag
 */
function spanOf({ kind, x, to_x, edge }) {
  const inside = (/** @type {number} */ second) => rounded(Math.min(Math.max(0, second), state.reading.duration_s));
  if (kind === "span") return [inside(seconds().at(Math.min(x, to_x))), inside(seconds().at(Math.max(x, to_x)))];
  const one = /** @type {Mark} */ (chosen()); // whose border is dragged
  const ends = [one.onset_s, one.onset_s + one.duration_s];
  ends[Number(edge)] = inside(seconds().at(to_x));
  return ends.sort((a, b) => a - b);
}

/**
 * Which border of the chosen event lies here: 0, 1, or null.
 * @param {number} x
 */
function borderAt(x) {
  const one = chosen();
  if (!one || !shown.page || state.blind) return null;
  const ends = [one.onset_s, one.onset_s + one.duration_s].map(seconds().x);
  const edge = ends.findIndex((border) => Math.abs(border - x) <= BORDER_PX && x > LEFT);
  return edge < 0 ? null : edge;
}

/** @param {PointerEvent} event */
function begin(event) {
  if (event.button || !shown.page) return;
  const { x, y } = where(event);
  if (x < LEFT) return;
  view.setPointerCapture(event.pointerId);
  const edge = borderAt(x);
  const kind = event.shiftKey || state.calipers ? "caliper" : edge === null ? "span" : "border";
  drag = { kind, x, y, to_x: x, to_y: y, edge };
  measured = null;
}

/** @param {PointerEvent} event */
function move(event) {
  const { x, y } = where(event);
  if (!drag) {
    view.style.cursor = state.calipers || event.shiftKey ? "crosshair" : borderAt(x) === null ? "default" : "ew-resize";
    return;
  }
  drag.to_x = Math.min(Math.max(x, LEFT), view.clientWidth - RIGHT);
  drag.to_y = Math.min(Math.max(y, 0), view.clientHeight);
  drawOver();
}

function end() {
  if (!drag) return;
  const done = drag;
  drag = null;
  const moved = Math.hypot(done.to_x - done.x, done.to_y - done.y) > CLICK_PX;
  if (done.kind === "caliper") {
    measured = moved ? done : null;
    if (measured) say(`Calipers: ${words(done.x, done.y, done.to_x, done.to_y)}`);
  } else if (!moved) {
    change({ span: null, at_s: seconds().at(done.x) });
  } else if (done.kind === "span") {
    const span = spanOf(done);
    const [start, stop] = span;
    change({ span });
    say(`${(stop - start).toFixed(2)} s marked; a adds it as an event`);
  } else {
    const [start, stop] = spanOf(done);
    moveBorders(start, stop);
  }
  drawOver();
}

/** Forget calipers and span. */
export function clear() {
  measured = null;
  drag = null;
  change({ span: null });
  drawOver();
}

/**
 * Take up the work; `move` is told new borders of the chosen event, `tell` what was measured.
 * @param {{move: (from: number, to: number) => void, tell: Say}} told
 */
export function startPointer({ move: borders, tell }) {
  moveBorders = borders;
  say = tell;
  whenShown(() => {
    measured = null;
    drawOver();
  });
  watch(["span", "at_s", "selected", "theme", "sensitivity"], drawOver);
  watch(["calipers"], () => {
    measured = null;
    drawOver();
  });
  view.addEventListener("pointerdown", begin);
  view.addEventListener("pointermove", move);
  view.addEventListener("pointerup", end);
  view.addEventListener("pointercancel", () => {
    drag = null;
    drawOver();
  });
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    turnTo(Math.round(state.start_s + Math.sign(event.deltaY || event.deltaX)));
  }, { passive: false });
  new ResizeObserver(() => {
    measured = null;
    drawOver();
    redraw();
  }).observe(view);
}
