/** Why: the probabilities of a step, and what the model looked at. */

import { Latest, array, of } from "/static/api.js";
import { beginning, timeText } from "/static/clock.js";
import { brush, byId } from "/static/dom.js";
import { redraw, shown, whenShown } from "/static/eeg.js";
import { onScale, pixel } from "/static/paint.js";
import { change, labelOf, state, watch } from "/static/state.js";

const section = byId("why");
const word = byId("why-word");
const note = byId("why-note");
const canvas = byId("why-map", HTMLCanvasElement);
const latest = new Latest();
/** @type {{button: HTMLButtonElement, fill: HTMLElement, value: HTMLElement}[]} */
let bars = [];
/** @type {Complain} */
let say = () => {};

/** Probabilities of the step explained, null where it was not judged. */
function probabilities() {
  const { page } = shown;
  if (!page?.steps) return null;
  const at = state.at_s ?? page.start_s + page.page_s / 2;
  const { from_s, columns, data, reasons } = page.steps;
  const { step_s, patterns } = state.reading;
  const step = Math.min(Math.max(0, Math.floor((at - from_s) / step_s)), columns - 1);
  const shares = patterns.map((_, k) => data[k * columns + step]);
  return { at_s: from_s + step * step_s, shares: shares.every(Number.isFinite) ? shares : null, reason: reasons?.[step] ?? 0 };
}

/** The pattern whose map is shown: the one asked for, else that of the event, else the likeliest. */
export function mapPattern() {
  const { reading, map_pattern, events, selected } = state;
  if (map_pattern) return map_pattern;
  const event = events.find(({ id }) => id === selected);
  const middle = shown.page ? shown.page.start_s + shown.page.page_s / 2 : 0;
  if (event?.pattern && middle >= event.onset_s && middle <= event.onset_s + event.duration_s) return event.pattern;
  const shares = probabilities()?.shares;
  return reading.patterns[shares ? shares.indexOf(Math.max(...shares)) : 0].name;
}

function showBars() {
  if (state.blind || !state.reading) return;
  const found = probabilities();
  if (!found) return;
  const { patterns, cant_tell, start, step_s } = state.reading;
  byId("why-time").textContent = `${timeText(found.at_s, beginning(start))}, ${step_s} s`;
  const { shares } = found;
  const most = shares ? Math.max(...shares) : 0;
  const likeliest = shares && patterns[shares.indexOf(most)];
  const unsure = likeliest && state.reading.untold.includes(likeliest.name) ? ", not judged on these electrodes" : "";
  word.textContent = !shares || !likeliest ? `Not judged: ${state.reading.reasons[found.reason]}` : most < cant_tell ? `Can't tell (at most ${percent(most)})` : `${likeliest.label} ${percent(most)}${unsure}`;
  const pattern = mapPattern();
  bars.forEach(({ button, fill, value }, k) => {
    fill.style.width = shares ? `${100 * shares[k]}%` : "0";
    value.textContent = shares ? percent(shares[k]) : "–";
    button.setAttribute("aria-pressed", String(state.map && patterns[k].name === pattern));
  });
}

/** @param {number} share */
const percent = (share) => (share > 0 && share < 0.01 ? "<1 %" : `${Math.round(100 * share)} %`);

/** Fetch and draw the map of the page, where it is wanted. */
async function showMap() {
  byId("map", HTMLButtonElement).setAttribute("aria-pressed", String(state.map));
  showBars();
  const { page } = shown;
  showSpectrogramMap(state.map && !state.blind);
  if (!state.map || state.blind || !page) {
    latest.cancel();
    if (shown.map) {
      shown.map = null;
      redraw();
    }
    return;
  }
  const pattern = mapPattern();
  const middle = Math.min(page.start_s + page.page_s / 2, state.reading.duration_s);
  const { id } = state.reading;
  try {
    const answers = await latest.ask((signal) =>
      Promise.allSettled([
        array(Float32Array, of(id, "/map"), { at_s: middle, duration_s: page.page_s, pattern }, signal),
        array(Float32Array, of(id, "/map_spectrogram"), { at_s: middle, pattern }, signal),
      ]),
    );
    if (!answers || page !== shown.page) return;
    const [values, spectrogram] = answers.map((one) => (one.status === "fulfilled" ? one.value : null));
    const [failed] = answers.filter((one) => one.status === "rejected");
    if (!values && !spectrogram) throw failed.reason;
    const from_s = middle - page.page_s / 2;
    shown.map = values ? { values: values.data, from_s, to_s: from_s + page.page_s, pattern } : null;
    redraw();
    showSpectrogramMap(Boolean(spectrogram)); // a model may look at traces alone
    if (spectrogram) drawSpectrogramMap(spectrogram, pattern);
  } catch (problem) {
    change({ map: false });
    say(problem);
  }
}

/** @param {boolean} visible */
function showSpectrogramMap(visible) {
  canvas.hidden = !visible;
  byId("why-map-note").hidden = !visible;
}

/**
 * @param {Answer<Float32Array>} map
 * @param {string} pattern
 */
function drawSpectrogramMap({ data, shape: [freqs, columns] }, pattern) {
  canvas.setAttribute("aria-label", `Where the model looked in the spectrograms of 50 s for ${labelOf(pattern)}`);
  canvas.width = columns;
  canvas.height = freqs;
  const context = brush(canvas);
  const image = context.createImageData(columns, freqs);
  const pixels = new Uint32Array(image.data.buffer);
  for (let freq = 0; freq < freqs; freq += 1) {
    for (let column = 0; column < columns; column += 1) {
      pixels[(freqs - 1 - freq) * columns + column] = pixel(onScale(data[freq * columns + column]));
    }
  }
  context.putImageData(image, 0, 0);
}

function build() {
  const { reading, blind } = state;
  section.hidden = blind;
  byId("map", HTMLButtonElement).hidden = blind;
  if (blind) return;
  bars = reading.patterns.map(({ name, label, long_name, colour }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = `${long_name}: show what the model looked at`;
    const [text, track, fill, value] = ["span", "span", "span", "span"].map((tag) => document.createElement(tag));
    text.textContent = label;
    track.className = "track";
    fill.className = "fill";
    fill.style.background = colour;
    value.className = "value";
    track.append(fill);
    button.append(text, track, value);
    button.addEventListener("click", () => {
      const off = state.map && mapPattern() === name;
      change(off ? { map: false } : { map_pattern: name, map: true });
    });
    return { button, fill, value };
  });
  byId("bars").replaceChildren(...bars.map(({ button }) => {
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  note.textContent = calibrationNote(reading.model);
  byId("map", HTMLButtonElement).disabled = !reading.model.maps;
}

/**
 * What the model says of its own probabilities, in a line.
 * @param {Record<string, any>} model
 */
function calibrationNote({ calibration }) {
  return calibration || "Probabilities are not calibrated";
}

/**
 * Take up the work; `complain` shows an error in one line.
 * @param {Complain} complain
 */
export function startWhy(complain) {
  say = complain;
  watch(["reading"], build);
  watch(["at_s"], showBars);
  watch(["map", "map_pattern", "selected"], showMap);
  whenShown(showMap);
}

