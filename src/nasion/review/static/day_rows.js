/** The rows of the day view: where they lie and how each is drawn. */

import { brush } from "/static/dom.js";
import { timeText, ticks, dayOf } from "/static/clock.js";
import { BOLD, FONT, channels, faint, hatching, onScale, pixel, theme } from "/static/paint.js";

export const LEFT = 66; // px for the names of rows; the EEG page has the same
export const RIGHT = 8;
const AXIS = 15;
const EVENTS = 12;
const RIBBON_LINES = 120; // rows of pixels that share out the probabilities
/** @type {DayRow} */
const ROW = { kind: "", label: "", top: 0, height: 0, weight: 0, at: [], low: 0, high: 0 };
export const SHOWN_DB = [-15, 25]; // the same for every recording

/**
 * Where the day view is drawn.
 * @typedef {{context: Context, x: (at_s: number) => number, left: number, right: number, colour: Colour,
 *   from: number, to: number}} Place
 */

/**
 * Bands (two trends, low and high, of one thing) and lines (the others).
 * @param {Trend[]} trends
 */
function trendRows(trends) {
  /** @type {DayRow[]} */
  const rows = [];
  trends.forEach(({ name, label, unit, low, high }, at) => {
    const stem = name.replace(/[_ ]?(low|high|lower|upper)(?=_|$)/, "");
    const row = { ...ROW, kind: "trend", stem, label, unit, low, high, at: [at], weight: 17 };
    const pair = stem !== name && rows.find((other) => other.stem === stem);
    if (pair) pair.at.push(at);
    else rows.push(row);
  });
  for (const row of rows) row.label = row.label.split(/,| \(/)[0]; // the rest is told where there is room
  return rows;
}

/**
 * Rows of a recording with their `top` and `height` in px.
 * @param {Reading} reading
 * @param {number} height
 * @param {{blind: boolean, trends: boolean}} state
 */
export function rowsOf(reading, height, { blind, trends }) {
  /** @type {DayRow[]} */
  const rows = blind ? [] : [{ ...ROW, kind: "ribbon", label: "Patterns", weight: 34 }];
  if (trends) {
    const { chains } = reading.spectrogram;
    rows.push(...chains.map((chain, at) => ({ ...ROW, kind: "spectrogram", label: chain, at: [at], weight: 20 })));
    rows.push(...trendRows(reading.trends));
  }
  const total = rows.reduce((sum, row) => sum + row.weight, 0);
  const space = height - AXIS - EVENTS - 2;
  let top = 1;
  for (const row of rows) {
    row.top = top;
    row.height = Math.max(4, (space * row.weight) / total - 1);
    top += row.height + 1;
  }
  rows.push({ ...ROW, kind: "events", label: "Events", top: height - AXIS - EVENTS, height: EVENTS - 1 });
  return rows;
}

/**
 * Probabilities of a column, stacked from below, as a picture.
 * @param {Answer<Float32Array>} answer
 * @param {Pattern[]} patterns
 */
export function ribbonPicture({ data, shape: [, columns] }, patterns) {
  const picture = new OffscreenCanvas(columns, RIBBON_LINES);
  const context = brush(picture);
  const image = context.createImageData(columns, RIBBON_LINES);
  const pixels = new Uint32Array(image.data.buffer);
  const n = patterns.length;
  const hues = patterns.map(({ colour }) => pixel(channels(colour)));
  for (let column = 0; column < columns; column += 1) {
    if (!(data[n * columns + column] > 0)) continue;
    let sum = 0;
    let line = RIBBON_LINES - 1;
    for (let k = 0; k < n; k += 1) {
      sum += data[k * columns + column];
      const upto = k === n - 1 ? 0 : Math.max(0, RIBBON_LINES - Math.round(sum * RIBBON_LINES));
      for (; line >= upto; line -= 1) pixels[line * columns + column] = hues[k];
    }
  }
  context.putImageData(image, 0, 0);
  return picture;
}

/**
 * One picture a chain, lowest frequency at the bottom.
 * @param {Answer<Uint8Array>} levels
 * @param {{low_db: number, step_db: number}} scale
 */
export function spectrogramPictures({ data, shape: [chains, freqs, columns] }, { low_db, step_db }) {
  const lookup = new Uint32Array(256);
  const [dark, bright] = SHOWN_DB;
  for (let value = 1; value < 256; value += 1) {
    lookup[value] = pixel(onScale((low_db + (value - 1) * step_db - dark) / (bright - dark)));
  }
  return Array.from({ length: chains }, (_, chain) => {
    const picture = new OffscreenCanvas(columns, freqs);
    const context = brush(picture);
    const image = context.createImageData(columns, freqs);
    const pixels = new Uint32Array(image.data.buffer);
    for (let freq = 0; freq < freqs; freq += 1) {
      const from = (chain * freqs + freq) * columns;
      const to = (freqs - 1 - freq) * columns;
      for (let column = 0; column < columns; column += 1) pixels[to + column] = lookup[data[from + column]];
    }
    context.putImageData(image, 0, 0);
    return picture;
  });
}

/**
 * Draw everything but the cursor. `shown` holds the answers of one span, which may be an older one.
 * @param {Fitted} canvas
 * @param {DayRow[]} rows
 * @param {{from: number, to: number, begin: number | null, reading: Reading, shown: Span | null,
 *   marks: Mark[], selected: string | null, blind: boolean}} what
 */
export function drawDay({ context, width, height }, rows, { from, to, begin, reading, shown, marks, selected, blind }) {
  const colour = theme();
  const right = width - RIGHT;
  const x = (/** @type {number} */ at_s) => LEFT + ((at_s - from) / (to - from)) * (right - LEFT);
  const place = { context, x, left: LEFT, right, colour, from, to };
  context.fillStyle = colour.paper;
  context.fillRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, right - LEFT, height);
  context.clip();
  for (const row of rows) {
    if (row.kind === "ribbon") drawPicture(place, row, shown, shown?.ribbon);
    if (row.kind === "spectrogram") drawPicture(place, row, shown, shown?.spectrograms[row.at[0]]);
    if (row.kind === "trend" && shown) drawTrend(place, row, shown);
    context.fillStyle = colour.line;
    context.fillRect(LEFT, row.top + row.height, right - LEFT, 1);
  }
  if (shown) drawUnjudged(place, rows, shown, reading.gap);
  drawNotes(place, reading.annotations, height);
  drawEvents(place, rows[rows.length - 1], { marks, selected, patterns: reading.patterns, blind });
  context.restore();
  drawAxis(place, { height, begin });
  context.fillStyle = colour.quiet;
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const row of rows) context.fillText(row.label, LEFT - 6, row.top + row.height / 2 + 0.5, LEFT - 10);
}

/**
 * @param {Place} place
 * @param {DayRow} row
 * @param {Span | null} shown
 * @param {OffscreenCanvas | null | undefined} picture
 */
function drawPicture({ context, x }, row, shown, picture) {
  if (!picture || !shown) return;
  const start = x(shown.from);
  context.imageSmoothingEnabled = row.kind === "spectrogram";
  context.drawImage(picture, start, row.top, x(shown.to) - start, row.height);
}

/**
 * Amplitudes rise by their logarithm, as aEEG is read; what has a sign does not.
 * @param {DayRow} row
 */
function trendScale({ low, high, top, height }) {
  const bent = (/** @type {number} */ value) => low < 0 ? value : Math.log10(1 + Math.max(0, value));
  const [bottom, ceiling] = [bent(low), bent(high)];
  return (/** @type {number} */ value) => {
    const share = (bent(value) - bottom) / (ceiling - bottom);
    return top + height - 1 - Math.min(1, Math.max(0, share)) * (height - 2);
  };
}

/**
 * @param {Place} place
 * @param {DayRow} row
 * @param {Span} shown
 */
function drawTrend({ context, x, left, right, colour }, row, { trends, from, to }) {
  const [, columns] = trends.shape;
  const y = trendScale(row);
  const rows = row.at.map((at) => trends.data.subarray(at * columns, (at + 1) * columns));
  const wide = (x(to) - x(from)) / columns;
  if (row.low < 0) {
    context.fillStyle = colour.second;
    context.fillRect(left, y(0), right - left, 1);
  }
  context.fillStyle = colour.trace;
  const zero = y(Math.max(0, row.low));
  for (let column = 0; column < columns; column += 1) {
    const [a, b] = [y(rows[0][column]), rows.length > 1 ? y(rows[1][column]) : zero];
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    context.fillRect(x(from) + column * wide, Math.min(a, b), Math.max(1, wide), Math.max(1, Math.abs(a - b)));
  }
  if (row.low >= 0) {
    context.fillStyle = faint(colour.accent, 0.7);
    for (const level of [5, 10]) if (level < row.high) context.fillRect(left, Math.round(y(level)), right - left, 1);
  }
}

/**
 * Hatched: the ribbon where nothing was judged, everything where nothing was recorded.
 * @param {Place} place
 * @param {DayRow[]} rows
 * @param {Span} shown
 * @param {number} gap
 */
function drawUnjudged({ context, x, colour }, rows, { quality, from, to }, gap) {
  const columns = quality.data.length;
  const wide = (x(to) - x(from)) / columns;
  const lines = hatching(context, colour.hatch);
  const bottom = rows[rows.length - 1].top;
  for (let start = 0; start < columns; ) {
    const reason = quality.data[start];
    let stop = start + 1;
    while (stop < columns && quality.data[stop] === reason) stop += 1;
    if (reason) {
      const first = rows[0];
      const high = reason === gap ? bottom - first.top : first.height;
      context.fillStyle = colour.paper;
      context.fillRect(x(from) + start * wide, first.top, (stop - start) * wide, high);
      context.fillStyle = lines;
      context.fillRect(x(from) + start * wide, first.top, (stop - start) * wide, high);
    }
    start = stop;
  }
}

/**
 * @param {Place} place
 * @param {Note[]} annotations
 * @param {number} height
 */
function drawNotes({ context, x, left, right, colour }, annotations, height) {
  context.fillStyle = colour.caliper;
  for (const { onset_s } of annotations) {
    const at = x(onset_s);
    if (at < left || at > right) continue;
    context.fillRect(Math.round(at), 0, 1, height - AXIS);
    context.beginPath();
    context.moveTo(at - 3.5, 0);
    context.lineTo(at + 4.5, 0);
    context.lineTo(at + 0.5, 6);
    context.fill();
  }
}

/**
 * @param {Place} place
 * @param {DayRow} row
 * @param {{marks: Mark[], selected: string | null, patterns: Pattern[], blind: boolean}} shown
 */
function drawEvents({ context, x, left, right, colour }, { top, height }, { marks, selected, patterns, blind }) {
  const hues = Object.fromEntries(patterns.map(({ name, colour: hue }) => [name, hue]));
  for (const one of marks) {
    const start = x(one.onset_s);
    const wide = Math.max(2, x(one.onset_s + one.duration_s) - start);
    if (start > right || start + wide < left) continue;
    context.fillStyle = (!blind && one.pattern && hues[one.pattern]) || colour.edge;
    if (one.rejected) context.fillRect(start, top + height / 2, wide, 1);
    else if (one.doubt) context.fillRect(start, top + height - 4, wide, 3);
    else context.fillRect(start, top + 1, wide, height - 2);
    if (one.id === selected) {
      context.strokeStyle = colour.ink;
      context.lineWidth = 2;
      context.strokeRect(start - 2, top, wide + 4, height);
    }
  }
}

/**
 * @param {Place} place
 * @param {{height: number, begin: number | null}} shown
 */
function drawAxis({ context, x, left, right, colour, from, to }, { height, begin }) {
  const { step, at } = ticks(from, to, (right - left) / 80, begin);
  context.font = FONT;
  context.textBaseline = "bottom";
  context.textAlign = "center";
  let day = null;
  for (const second of at) {
    const place = x(second);
    context.fillStyle = colour.edge;
    context.fillRect(place, height - AXIS, 1, 3);
    context.fillStyle = colour.quiet;
    const now = dayOf(second, begin);
    const turned = begin !== null && day !== null && now !== day;
    day = now;
    context.font = turned ? BOLD : FONT;
    const text = timeText(second, begin, { seconds: step < 60 || begin === null });
    const wide = context.measureText(text).width / 2;
    if (place - wide > 0 && place + wide < right + RIGHT) context.fillText(turned ? `day ${now}` : text, place, height);
  }
}
