/** What lies behind and above the traces: probabilities, events, annotations, the map. */

import { brush } from "/static/dom.js";
import { BOLD, FONT, channels, faint, hatching, theme } from "/static/paint.js";
import { FRAME, LANES, LEFT, RIGHT, secondsOf } from "/static/traces.js";

const MAP_OPACITY = 0.5;
const CANDIDATE = { colour: "#777777", ink: "#fff" };

/** @param {Fitted} canvas */
function within({ context, width, height }) {
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT - RIGHT, height);
  context.clip();
}

/**
 * Behind the traces: where the model looked, as far as the map is shown.
 * @param {Fitted} canvas
 * @param {Page} page
 * @param {PageMap} map
 * @param {string} colour
 */
export function drawMap(canvas, page, map, colour) {
  if (!map?.values.length) return;
  const { context, width, height } = canvas;
  const picture = new OffscreenCanvas(map.values.length, 1);
  const inner = brush(picture);
  const image = inner.createImageData(map.values.length, 1);
  const [r, g, b] = channels(colour);
  map.values.forEach((value, i) => image.data.set([r, g, b, 255 * MAP_OPACITY * value], 4 * i));
  inner.putImageData(image, 0, 0);
  within(canvas);
  const { x } = secondsOf(page, width);
  context.imageSmoothingEnabled = true;
  context.drawImage(picture, x(map.from_s), FRAME.TOP - 4, x(map.to_s) - x(map.from_s), height - FRAME.TOP - FRAME.AXIS + 6);
  context.restore();
}

/**
 * Behind the traces: events as bands with borders, named in a lane above.
 * @param {Fitted} canvas
 * @param {Page} page
 * @param {Mark[]} marks
 * @param {{reading: Reading, selected: string | null, shaded: boolean}} shown
 */
export function drawEvents(canvas, page, marks, { reading, selected, shaded }) {
  const { context, width, height } = canvas;
  const { x } = secondsOf(page, width);
  const colour = theme();
  const stop = page.start_s + page.page_s;
  const [top, high] = LANES.events;
  const seen = marks.filter((one) => one.onset_s < stop && one.onset_s + one.duration_s > page.start_s);
  seen.sort((a, b) => Number(a.id === selected) - Number(b.id === selected) || a.onset_s - b.onset_s);
  within(canvas);
  for (const one of seen) {
    const pattern = reading.patterns.find(({ name }) => name === one.pattern);
    const hue = pattern?.colour ?? CANDIDATE.colour;
    const [start, end] = [x(one.onset_s), x(one.onset_s + one.duration_s)];
    const chosen = one.id === selected;
    context.fillStyle = faint(hue, one.rejected || shaded ? 0 : chosen ? 0.16 : 0.09);
    context.fillRect(start, FRAME.TOP - 4, end - start, height - FRAME.TOP - FRAME.AXIS + 6);
    context.fillStyle = hue;
    for (const edge of [start, end - (chosen ? 3 : 1.5)]) {
      context.fillRect(edge, top, chosen ? 3 : 1.5, height - FRAME.AXIS - top);
    }
    context.save();
    context.beginPath();
    context.rect(start, top, end - start, high);
    context.clip();
    if (one.doubt) context.fillStyle = faint(hue, 0.25);
    if (!one.rejected) context.fillRect(start, top, end - start, high);
    context.font = chosen ? BOLD : FONT;
    context.fillStyle = one.rejected ? colour.quiet : one.doubt ? colour.ink : (pattern?.ink ?? CANDIDATE.ink);
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(words(one, pattern, reading.deeds), Math.max(start, LEFT) + 6, top + high / 2 + 0.5);
    context.restore();
    if (chosen) {
      context.strokeStyle = colour.ink;
      context.lineWidth = 2;
      context.strokeRect(start, top, end - start, high);
    }
  }
  context.restore();
}

/**
 * @param {Mark} one
 * @param {Pattern | undefined} pattern
 * @param {Deed[]} deeds
 */
function words(one, pattern, deeds) {
  const parts = [pattern?.label ?? "candidate"];
  if (one.certainty !== null && one.action !== "relabel") parts.push(`${Math.round(100 * one.certainty)} %`);
  if (one.event.side) parts.push(one.event.side);
  if (one.event.frequency_hz) parts.push(`${one.event.frequency_hz.toFixed(1)} Hz`);
  if (one.doubt) parts.push("uncertain");
  const deed = deeds.find(({ action }) => action === one.action);
  if (deed) parts.push(deed.shown);
  return parts.join(" · ");
}

/**
 * Above the traces: what the recording itself says.
 * @param {Fitted} canvas
 * @param {Page} page
 * @param {Note[]} annotations
 */
export function drawNotes(canvas, page, annotations) {
  const { context, width, height } = canvas;
  const { x } = secondsOf(page, width);
  const colour = theme();
  const [top, high] = LANES.notes;
  within(canvas);
  context.font = FONT;
  context.textAlign = "left";
  context.textBaseline = "middle";
  let free = 0; // px from which the lane is free
  for (const { onset_s, text } of annotations) {
    if (onset_s < page.start_s - 0.01 || onset_s > page.start_s + page.page_s) continue;
    const at = x(onset_s);
    context.strokeStyle = colour.caliper;
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(at + 0.5, top);
    context.lineTo(at + 0.5, height - FRAME.AXIS);
    context.stroke();
    const wide = context.measureText(text).width;
    const start = Math.max(at + 4, free);
    context.fillStyle = colour.caliper;
    context.fillText(text, Math.max(LEFT + 2, Math.min(start, width - RIGHT - wide - 2)), top + high / 2);
    free = start + wide + 8;
  }
  context.setLineDash([]);
  context.restore();
}

/**
 * Above the traces: the probabilities of each step, stacked as in the day view.
 * @param {Fitted} canvas
 * @param {Page} page
 * @param {Reading} reading
 */
export function drawRibbon(canvas, page, { patterns, step_s }) {
  if (!page.steps) return;
  const { context, width } = canvas;
  const { x, scale } = secondsOf(page, width);
  const { columns, data, from_s } = page.steps;
  const [top, high] = LANES.ribbon;
  const wide = step_s * scale;
  within(canvas);
  for (let step = 0; step < columns; step += 1) {
    const start = x(from_s + step * step_s);
    if (!(data[patterns.length * columns + step] > 0)) {
      context.fillStyle = hatching(context, theme().hatch);
      context.fillRect(start, top, wide, high);
      continue;
    }
    let place = top + high;
    patterns.forEach(({ colour }, k) => {
      const tall = data[k * columns + step] * high;
      place -= tall;
      context.fillStyle = colour;
      context.fillRect(start, place, wide - 1, tall);
    });
  }
  context.restore();
}
