/** Events as the reader's verdicts leave them, in the order the table asks for. */

import { change, centreOn, state, turnTo, watch } from "/static/state.js";

/** How the table is sorted and filtered. */
export const order = { by: "time", falling: false, pattern: "", verdict: "" };

/**
 * An event with its last verdict applied.
 * @param {Entry} event
 * @returns {Mark}
 */
export function mark(event) {
  const verdict = event.verdict;
  const action = verdict?.action ?? "";
  return {
    id: event.id,
    event,
    action,
    pattern: verdict?.pattern ?? event.pattern,
    onset_s: verdict?.onset_s ?? event.onset_s,
    duration_s: verdict?.duration_s ?? event.duration_s,
    certainty: event.probability,
    doubt: verdict ? "" : event.doubt,
    rejected: action === "reject",
  };
}

/** @type {Record<string, (one: Mark) => number | string>} */
const KEYS = {
  time: (one) => one.onset_s,
  length: (one) => one.duration_s,
  pattern: (one) => (one.pattern ? state.reading.patterns.findIndex(({ name }) => name === one.pattern) : 9),
  certainty: (one) => (one.certainty ?? -1) - (one.doubt ? 1 : 0), // the uncertain below all others
  verdict: (one) => one.action,
};

/** Work out anew which events are listed, and in which order. */
export function list() {
  const key = KEYS[order.by];
  const sign = order.falling ? -1 : 1;
  const listed = state.events.filter(
    (one) =>
      (!order.pattern || one.pattern === order.pattern) &&
      (!order.verdict || (one.action || "unread") === order.verdict),
  );
  /** @type {[number | string, Mark][]} */
  const keyed = listed.map((one) => [key(one), one]);
  keyed.sort(([a, one], [b, other]) => {
    const way = a < b ? -1 : a > b ? 1 : 0;
    return way * sign || one.onset_s - other.onset_s;
  });
  change({ listed: keyed.map(([, one]) => one) });
}

export const chosen = () => state.events.find((one) => one.id === state.selected) ?? null;

/**
 * Put the server's word on one event in the place of the old.
 * @param {Entry} event
 */
export function renew(event) {
  const events = state.events.filter((one) => one.id !== event.id);
  change({ events: [...events, mark(event)] });
}

/**
 * Choose an event and turn to it.
 * @param {Mark} one
 */
export function choose(one) {
  change({ selected: one.id, adding: false, span: null, map_pattern: null });
  const middle = one.onset_s + one.duration_s / 2;
  if (one.duration_s <= state.page_s) centreOn(middle);
  else turnTo(Math.floor(one.onset_s) - 1);
  const [from, to] = state.day;
  if (one.onset_s < from || one.onset_s > to) {
    const half = (to - from) / 2;
    const left = Math.min(Math.max(0, middle - half), Math.max(0, state.reading.duration_s - 2 * half));
    change({ day: [left, left + 2 * half] });
  }
}

/**
 * Choose the next (1) or previous (-1) of the listed events; false if there is none.
 * @param {number} way
 */
export function step(way) {
  const { listed } = state;
  if (!listed.length) return false;
  let at = listed.findIndex((one) => one.id === state.selected);
  if (at < 0 && order.by === "time" && !order.falling) {
    const middle = state.start_s + state.page_s / 2;
    const next = listed.findIndex((one) => one.onset_s >= middle);
    at = way > 0 ? (next < 0 ? listed.length : next) - 1 : next < 0 ? listed.length : next;
  }
  const to = at + way;
  if (to < 0 || to >= listed.length) return false;
  choose(listed[to]);
  return true;
}

watch(["events"], list);
