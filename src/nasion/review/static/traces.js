/** The EEG itself: rows in their chains, negative up, at a true scale. */

import { timeText } from "/static/clock.js";
import { BOLD, FONT, theme } from "/static/paint.js";

export const LEFT = 66; // px, as in the day view
export const RIGHT = 8;
export const LANES = { ribbon: [0, 10], events: [10, 15], notes: [26, 13] }; // top and height
const TOP = 42;
const AXIS = 17;
const CHAIN_GAP = 0.55; // of a row
export const EKG_FACTOR = 10; // the heart's µV per mm over those of the brain
const MOSTLY = 0.5; // share of faulty steps from which an electrode is marked
const PIECE = 50; // samples drawn at a time: browsers stroke long paths slowly
const DENSE = 3; // samples per device pixel from which their range is drawn
const BARS_UV = [5, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000];
const LEAST_BAR = 17; // px

/**
 * Why a trace is not to be trusted; null if nothing is known against it.
 * @param {string} name
 * @param {Reading} reading
 */
function flaw(name, reading) {
  const electrodes = name.split("-").filter((part) => reading.electrodes.includes(part));
  const state = reading.states[name] ?? "recorded";
  if (state === "rebuilt") return { sign: reading.marks[state], word: state, mild: true };
  if (state !== "recorded") return { sign: reading.marks[state], word: state };
  if (electrodes.some((one) => (reading.bad[one] ?? 0) > MOSTLY)) return { sign: "!", word: "mostly faulty" };
  return null;
}

/**
 * Rows of a page with their baselines `y` in px.
 * @param {Page} page
 * @param {Reading} reading
 * @param {number} height
 * @returns {Row[]}
 */
export function rowsOf(page, reading, height) {
  const chains = Object.fromEntries(reading.derivations.map(({ name, chain }) => [name, chain]));
  const rows = page.names.map((name, at) => {
    const heart = name.startsWith(reading.heart);
    const group = heart ? name : (chains[name] ?? reading.sides[name.split("-")[0]]);
    return { name, at, heart, group, flaw: flaw(name, reading), place: 0, y: 0 };
  });
  let place = 0;
  rows.forEach((row, at) => {
    if (at) place += rows[at - 1].group === row.group ? 1 : 1 + CHAIN_GAP;
    row.place = place;
  });
  const each = (height - TOP - AXIS) / (place + 1);
  for (const row of rows) row.y = TOP + (row.place + 0.5) * each;
  return rows;
}

/**
 * Where a page's seconds lie.
 * @param {Page} page
 * @param {number} width
 */
export function secondsOf(page, width) {
  const scale = (width - LEFT - RIGHT) / page.page_s;
  return {
    scale,
    x: (/** @type {number} */ at_s) => LEFT + (at_s - page.start_s) * scale,
    at: (/** @type {number} */ x) => page.start_s + (x - LEFT) / scale,
  };
}

/**
 * Lines of the seconds, labels of rows and axis.
 * @param {Fitted} canvas
 * @param {Page} page
 * @param {Row[]} rows
 * @param {number | null} begin
 */
export function drawGrid({ context, width, height }, page, rows, begin) {
  const colour = theme();
  const { x } = secondsOf(page, width);
  const fine = page.page_s <= 10 ? 5 : 0;
  const first = Math.ceil(page.start_s - 1e-6);
  const every = page.page_s <= 10 ? 1 : page.page_s <= 20 ? 2 : 5;
  context.font = FONT;
  context.textBaseline = "bottom";
  context.textAlign = "center";
  for (let second = first - 1; second <= page.start_s + page.page_s + 1e-6; second += 1) {
    for (let part = 1; part < fine; part += 1) {
      const at = x(second + part / fine);
      if (at <= LEFT || at >= width - RIGHT) continue;
      context.fillStyle = colour.fifth;
      context.fillRect(Math.round(at), TOP - 4, 1, height - TOP - AXIS + 4);
    }
    if (second < first) continue;
    const at = Math.round(x(second));
    context.fillStyle = colour.second;
    context.fillRect(at, TOP - 4, 1, height - TOP - AXIS + 7);
    const wide = (page.page_s > 10 || width > 700) && second % every === 0;
    context.fillStyle = colour.quiet;
    if (wide && at < width - 30) context.fillText(timeText(second, begin), Math.max(at, LEFT - 6), height - 1);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const row of rows) {
    context.font = row.flaw ? FONT : BOLD;
    context.fillStyle = row.flaw ? colour.quiet : row.heart ? colour.ekg : colour.ink;
    const text = row.flaw ? `${row.flaw.sign} ${row.name}` : row.name;
    context.fillText(text, LEFT - 6, row.y, LEFT - 8);
  }
}

/**
 * All traces; `px_per_uv` is that of the EEG. Positive goes down, as EEG is drawn.
 * @param {Fitted} canvas
 * @param {Page} page
 * @param {Row[]} rows
 * @param {{px_per_uv: number, sfreq: number}} scale
 */
export function drawTraces({ context, width, height, ratio }, page, rows, { px_per_uv, sfreq }) {
  const colour = theme();
  context.save();
  context.beginPath();
  context.rect(LEFT, TOP - 4, width - LEFT - RIGHT, height - TOP - AXIS + 6);
  context.clip();
  context.lineJoin = "bevel";
  const step = (width - LEFT - RIGHT) / (page.page_s * sfreq);
  for (const row of rows) {
    const trace = page.traces[row.at];
    const gain = row.heart ? px_per_uv / EKG_FACTOR : px_per_uv;
    const doubtful = row.flaw && !row.flaw.mild;
    context.strokeStyle = doubtful ? colour.absent : row.heart ? colour.ekg : colour.trace;
    context.lineWidth = 1;
    context.setLineDash(doubtful ? [5, 4] : []);
    context.beginPath();
    if (step * ratio * DENSE < 1) pathOfRange(context, trace, row.y, gain, step, ratio);
    else pathOfSamples(context, trace, row.y, gain, step);
    context.stroke();
  }
  context.restore();
}

/**
 * @param {Context} context
 * @param {Float32Array} trace
 * @param {number} y
 * @param {number} gain
 * @param {number} step
 */
function pathOfSamples(context, trace, y, gain, step) {
  let pen = false;
  for (let i = 0; i < trace.length; i += 1) {
    const at = y + trace[i] * gain;
    if (pen && i % PIECE === 0) {
      context.lineTo(LEFT + i * step, at);
      context.stroke();
      context.beginPath();
      pen = false;
    }
    if (Number.isNaN(at)) pen = false;
    else if (pen) context.lineTo(LEFT + i * step, at);
    else {
      context.moveTo(LEFT + i * step, at);
      pen = true;
    }
  }
}

/**
 * Lowest and highest of each pixel's samples: what the eye would see of them all.
 * @param {Context} context
 * @param {Float32Array} trace
 * @param {number} y
 * @param {number} gain
 * @param {number} step
 * @param {number} ratio
 */
function pathOfRange(context, trace, y, gain, step, ratio) {
  let pen = false;
  const pixels = Math.ceil(trace.length * step * ratio);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const stop = Math.min(trace.length, Math.floor((pixel + 1) / (step * ratio)));
    let low = Infinity;
    let high = -Infinity;
    let last = NaN;
    for (let i = Math.floor(pixel / (step * ratio)); i < stop; i += 1) {
      const value = trace[i];
      if (value < low) low = value;
      if (value > high) high = value;
      if (value === value) last = value;
    }
    if (low > high) {
      pen = false;
      continue;
    }
    const x = LEFT + (pixel + 0.5) / ratio;
    if (pen) context.lineTo(x, y + low * gain);
    else context.moveTo(x, y + low * gain);
    pen = true;
    context.lineTo(x, y + high * gain);
    context.lineTo(x, y + last * gain);
  }
}

/**
 * A bar of so many µV, above the names of the rows.
 * @param {Fitted} canvas
 * @param {number} px_per_uv
 */
export function drawScale({ context }, px_per_uv) {
  const colour = theme();
  const uv = BARS_UV.find((one) => one * px_per_uv >= LEAST_BAR) ?? BARS_UV[BARS_UV.length - 1];
  const tall = uv * px_per_uv;
  const top = Math.max(3, (TOP - tall) / 2 - 1);
  context.strokeStyle = colour.ink;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(8, top);
  context.lineTo(14, top);
  context.moveTo(11, top);
  context.lineTo(11, top + tall);
  context.moveTo(8, top + tall);
  context.lineTo(14, top + tall);
  context.stroke();
  context.font = BOLD;
  context.fillStyle = colour.ink;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(`${uv} µV`, 19, top + tall / 2);
}

export const FRAME = { TOP, AXIS };
