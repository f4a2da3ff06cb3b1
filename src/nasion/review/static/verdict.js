/** The reader's word on an event: confirm, reject, relabel, add, borders, note, undo. */

import { json, of, post } from "/static/api.js";
import { beginning, lengthText, secondOf, timeText } from "/static/clock.js";
import { byId } from "/static/dom.js";
import { chosen, mark, renew } from "/static/events.js";
import { shown } from "/static/eeg.js";
import { change, deedOf, labelOf, state, watch } from "/static/state.js";

const NEW_S = 10; // of an event added where no span is marked
const [text, said] = [byId("event-text"), byId("verdict-state")];
const [start, stop, note] = ["border-start", "border-stop", "note"].map((id) => byId(id, HTMLInputElement));
const [confirm, reject, move] = ["confirm", "reject", "move"].map((id) => byId(id, HTMLButtonElement));
/** @type {Say} */
let tell = () => {};
/** @type {Complain} */
let say = () => {};
/** @type {Promise<unknown>} */
let queue = Promise.resolve(); // verdicts are written one after the other

const begin = () => beginning(state.reading.start);

/** Where an event to be added would lie. */
function newSpan() {
  if (state.span) return state.span;
  const middle = shown.page ? shown.page.start_s + shown.page.page_s / 2 : state.start_s;
  const from = Math.max(0, Math.round(middle - NEW_S / 2));
  return [from, Math.min(state.reading.duration_s, from + NEW_S)];
}

function fill() {
  if (!state.reading) return;
  const one = chosen();
  const { adding, blind } = state;
  const verdict = one?.event.verdict;
  byId("verdict-title").textContent = adding ? "New event" : blind ? "What is it?" : "Event";
  said.textContent = adding || !verdict ? "" : `${deedOf(verdict.action)?.told} by ${verdict.reviewer || "–"}`;
  if (adding) text.textContent = `Choose its pattern (1–${state.reading.patterns.length}). Esc gives up.`;
  else if (one) describe(one);
  else text.textContent = state.events.length ? "No event chosen: n takes the next, a adds one." : "No events; a adds one.";
  const span = adding ? newSpan() : one ? [one.onset_s, one.onset_s + one.duration_s] : null;
  [start, stop].forEach((field, end) => {
    field.value = span ? timeText(span[end], begin(), { digits: 2 }).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") : "";
    field.disabled = !span || (blind && !adding);
  });
  note.disabled = !span;
  note.value = adding ? "" : (verdict?.note ?? "");
  confirm.disabled = reject.disabled = adding || !one;
  confirm.hidden = reject.hidden = blind;
  move.hidden = blind && !adding;
  move.disabled = !span;
  move.textContent = adding ? "Show" : "Set";
  for (const button of byId("labels").querySelectorAll("button")) {
    button.disabled = !span;
    button.setAttribute("aria-pressed", String(!adding && button.dataset.pattern === one?.pattern));
  }
}

/** @param {Mark} one */
function describe(one) {
  const { event } = one;
  const strong = document.createElement("strong");
  strong.textContent = labelOf(one.pattern);
  const span = `${timeText(one.onset_s, begin())} – ${timeText(one.onset_s + one.duration_s, begin())}`;
  const parts = [span, lengthText(one.duration_s)];
  if (event.probability !== null) parts.push(`p ${event.probability.toFixed(2)}, peak ${(event.peak ?? event.probability).toFixed(2)}`);
  if (event.side) parts.push(event.side);
  if (event.frequency_hz) parts.push(`${event.frequency_hz.toFixed(1)} Hz`);
  if (event.chains?.length) parts.push(event.chains.join(" "));
  if (event.length) parts.push(event.length);
  if (event.doubt) parts.push(`uncertain: ${event.doubt}`);
  if (one.action === "relabel" && event.pattern !== one.pattern) parts.push(`model: ${labelOf(event.pattern)}`);
  text.replaceChildren(strong, ` ${parts.join(" · ")}`);
}

/** Ask anew which events there are: after an undo, or when someone else reads. */
export async function askEvents() {
  const { reading } = state;
  const fresh = await json(of(reading.id));
  if (reading !== state.reading) return;
  change({ events: fresh.events.map(mark) });
  if (!chosen()) change({ selected: null });
}

/**
 * Write verdicts in the order they were given, each whole before the next.
 * @param {() => unknown} deed
 */
function inTurn(deed) {
  queue = queue.then(deed).catch(say);
  return queue;
}

/** Whether someone is named who gives verdicts; asks for the initials if not. */
function named() {
  if (state.reviewer) return true;
  say(new Error("Give your initials first"));
  byId("reviewer").focus();
  return false;
}

/**
 * @param {string} action
 * @param {Mark | null} one
 * @param {{pattern?: string, onset_s?: number, duration_s?: number}} more
 */
function give(action, one, more = {}) {
  if (!named()) return null;
  const { reading, blind } = state;
  const body = {
    action,
    event: one?.id ?? null,
    pattern: one?.pattern ?? null,
    onset_s: one?.onset_s,
    duration_s: one?.duration_s,
    note: note.value.trim(),
    predictions_visible: !blind,
    ...more,
  };
  return inTurn(async () => {
    const { event } = await post(of(reading.id, "/verdicts"), body);
    if (reading !== state.reading) return;
    renew(event);
    if (action === "add") change({ adding: false, span: null, selected: event.id });
    tell(`${labelOf(event.verdict?.pattern)} ${deedOf(action)?.told}`);
  });
}

/** What the keys and buttons do; each needs an event chosen, but for `add` and `undo`. */
export const verdicts = {
  confirm: () => chosen() && !state.blind && give("confirm", chosen()),
  reject: () => chosen() && !state.blind && give("reject", chosen()),
  /**
   * Label the chosen event, or the one being added, with the k-th pattern.
   * @param {number} k
   */
  label(k) {
    const pattern = state.reading.patterns[k].name;
    const one = chosen();
    if (!state.adding) return one && give("relabel", one, { pattern });
    const span = readBorders();
    return span && give("add", null, { pattern, onset_s: span[0], duration_s: span[1] - span[0] });
  },
  /**
   * New borders of the chosen event, s.
   * @param {number} from
   * @param {number} to
   */
  move(from, to) {
    const one = chosen();
    return one && to > from && give("move", one, { onset_s: from, duration_s: to - from });
  },
  add() {
    change({ adding: true, span: newSpan() });
    byId("labels").querySelector("button")?.focus();
    tell(`New event: 1 to ${state.reading.patterns.length} chooses its pattern, Escape gives up`);
  },
  giveUp: () => change({ adding: false, span: null }),
  undo: () =>
    named() &&
    inTurn(async () => {
      const { reading } = state;
      const { event } = await post(of(reading.id, "/undo"));
      await askEvents();
      if (reading !== state.reading) return;
      if (event && state.events.some(({ id }) => id === event.id)) change({ selected: event.id });
      tell(event ? `Taken back: ${labelOf(event.pattern)} is ${deedOf(event.verdict?.action)?.told ?? "without verdict"}` : "Taken back");
    }),
};

/** From and to, as written in the fields; null, and told, where they are no times. */
function readBorders() {
  const near = state.start_s;
  const [from, to] = [start, stop].map((field) => secondOf(field.value, begin(), near));
  const sound = from !== null && to !== null && from >= 0 && to > from && to <= state.reading.duration_s + 0.01;
  start.setAttribute("aria-invalid", String(!sound));
  stop.setAttribute("aria-invalid", String(!sound));
  if (!sound) say(new Error("From and to must be times of the recording, h:mm:ss, the first before the second"));
  return sound ? [from, to] : null;
}

/**
 * Take up the work; `complain` shows an error, `report` what was done.
 * @param {Complain} complain
 * @param {Say} report
 */
export function startVerdict(complain, report) {
  say = complain;
  tell = report;
  watch(["reading"], () => {
    const buttons = state.reading.patterns.map(({ name, label, long_name }, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.pattern = name;
      button.title = long_name;
      const key = document.createElement("kbd");
      key.textContent = String(k + 1);
      button.append(key, ` ${label}`);
      button.addEventListener("click", () => verdicts.label(k));
      return button;
    });
    byId("labels").replaceChildren(...buttons);
  });
  watch(["reading", "events", "selected", "adding", "span"], fill);
  for (const name of /** @type {const} */ (["confirm", "reject", "undo", "add"])) byId(name).addEventListener("click", () => verdicts[name]());
  byId("borders").addEventListener("submit", (event) => {
    event.preventDefault();
    const one = chosen();
    const span = readBorders();
    if (!span) return;
    if (state.adding) {
      change({ span });
      return;
    }
    if (!one) return;
    const same = Math.abs(span[0] - one.onset_s) < 0.01 && Math.abs(span[1] - span[0] - one.duration_s) < 0.01;
    const kept = one.event.verdict?.action;
    if (!same) verdicts.move(span[0], span[1]);
    else give(kept && kept !== "add" ? kept : "confirm", one); // Enter in the note saves it
  });
}
