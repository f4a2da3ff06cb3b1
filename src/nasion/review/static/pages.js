/** Pages of EEG from the server, the neighbours fetched ahead. */

import { array, of } from "/static/api.js";
import { lastStart, state } from "/static/state.js";

const MOST = 24; // pages kept
/** @type {Map<string, {controller: AbortController, done: boolean, answer: Promise<Page>}>} */
const kept = new Map(); // from what was asked to {answer, controller, done}

/** @param {number} start_s */
const question = (start_s) =>
  [state.reading.id, start_s, state.page_s, state.montage, state.low_hz, state.high_hz, state.notch_hz].join("|");

/**
 * Probabilities of the page's steps and, where some were not judged, why not.
 * @param {Reading} reading
 * @param {number} from
 * @param {number} to
 * @param {AbortSignal} signal
 * @returns {Promise<Steps>}
 */
async function fetchSteps({ id, step_s, patterns }, from, to, signal) {
  const columns = to - from;
  const span = { start_s: from * step_s, stop_s: to * step_s, columns };
  const { data } = await array(Float32Array, of(id, "/probabilities"), span, signal);
  const judged = data.subarray(patterns.length * columns).every((share) => share > 0);
  const reasons = judged ? null : (await array(Uint8Array, of(id, "/quality"), span, signal)).data;
  return { from_s: span.start_s, columns, data, reasons };
}

/**
 * @param {number} start_s
 * @param {AbortSignal} signal
 * @returns {Promise<Page>}
 */
async function fetchPage(start_s, signal) {
  const { reading, page_s, montage, low_hz, high_hz, notch_hz, blind } = state;
  const duration_s = Math.min(page_s, reading.duration_s - start_s);
  const asked = { start_s, duration_s, montage, low_hz, high_hz, notch_hz };
  const from = Math.floor(start_s / reading.step_s);
  const to = Math.min(reading.n_steps, Math.ceil((start_s + duration_s) / reading.step_s));
  const [signals, steps] = await Promise.all([
    array(Float32Array, of(reading.id, "/page"), asked, signal),
    blind ? null : fetchSteps(reading, from, to, signal),
  ]);
  const [n_traces, n] = signals.shape;
  return {
    start_s: Number(signals.headers.get("X-Start") ?? start_s),
    page_s,
    montage,
    names: (signals.headers.get("X-Names") || "").split(","),
    traces: Array.from({ length: n_traces }, (_, row) => signals.data.subarray(row * n, (row + 1) * n)),
    steps,
  };
}

/** @param {number} start_s */
function fetched(start_s) {
  const key = question(start_s);
  let entry = kept.get(key);
  if (entry) kept.delete(key); // and put last again
  else {
    const controller = new AbortController();
    const answer = fetchPage(start_s, controller.signal);
    const fresh = { controller, done: false, answer };
    entry = fresh;
    answer.then(
      () => (fresh.done = true),
      () => kept.get(key)?.answer === answer && kept.delete(key),
    );
  }
  kept.set(key, entry);
  for (const old of kept.keys()) {
    if (kept.size <= MOST) break;
    drop(old);
  }
  return entry.answer;
}

/** @param {string} key */
function drop(key) {
  kept.get(key)?.controller.abort();
  kept.delete(key);
}

/**
 * The page that begins at a second; questions for pages far from it are given up.
 * @param {number} start_s
 */
export function page(start_s) {
  const { page_s } = state;
  const near = new Set([-2, -1, 0, 1, 2].map((way) => question(neighbour(start_s, way * page_s))));
  for (const [key, entry] of [...kept]) if (!entry.done && !near.has(key)) drop(key);
  return fetched(start_s);
}

/**
 * @param {number} start_s
 * @param {number} by_s
 */
const neighbour = (start_s, by_s) => Math.min(Math.max(0, start_s + by_s), lastStart());

/**
 * Fetch what comes next, without waiting for it.
 * @param {number} start_s
 * @param {number} way
 */
export function prefetch(start_s, way) {
  for (const by of way < 0 ? [-1, -2, 1] : [1, 2, -1]) {
    const at = neighbour(start_s, by * state.page_s);
    if (at !== start_s) fetched(at).catch(() => {}); // asked again, and told, when it is turned to
  }
}
