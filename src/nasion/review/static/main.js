/** Puts the page together and opens a recording. */

import { json, of } from "/static/api.js";
import { startDay } from "/static/day.js";
import { startDialogs } from "/static/dialogs.js";
import { byId } from "/static/dom.js";
import { startEeg, whenShown } from "/static/eeg.js";
import { mark } from "/static/events.js";
import { firstDay } from "/static/gaps.js";
import { startKeys } from "/static/keys.js";
import { startPointer } from "/static/pointer.js";
import { change, recall, state, watch } from "/static/state.js";
import { startTables } from "/static/tables.js";
import { startTheme, startTools } from "/static/tools.js";
import { startVerdict, verdicts } from "/static/verdict.js";
import { startWhy } from "/static/why.js";


/**
 * Say what was done, aloud where a screen reader listens.
 * @param {string} words
 */
function report(words) {
  byId("error").textContent = "";
  byId("status").textContent = words;
}

/**
 * Show an error in one line.
 * @param {unknown} problem
 */
function complain(problem) {
  byId("error").textContent = problem instanceof Error ? problem.message : String(problem);
}

/** Where one was: recording and second, in the part of the address that no server sees. */
function place() {
  const parts = new URLSearchParams(location.hash.slice(1));
  return { id: parts.get("r"), at_s: Number(parts.get("t")) || 0 };
}

const LEAST_MS = 300; // browsers allow no more than some changes of the address a second
/** @type {ReturnType<typeof setTimeout> | undefined} */
let keeping;
let kept = -LEAST_MS;
function keepPlace() {
  clearTimeout(keeping);
  kept = performance.now();
  if (state.reading) history.replaceState(null, "", `#r=${state.reading.id}&t=${state.start_s}`);
}

/** @param {string} id */
async function open(id, at_s = 0) {
  try {
    /** @type {Reading} */
    const reading = await json(of(id));
    const start_s = Math.min(Math.max(0, at_s), Math.max(0, reading.duration_s - state.page_s));
    change({
      reading, start_s, blind: reading.blind, events: reading.events.map(mark), day: firstDay(reading, start_s),
      selected: null, adding: false, span: null, at_s: null, map: false, map_pattern: null,
    });
    byId("recording-name").textContent = reading.name;
    byId("blind-note").hidden = !reading.blind;
    document.title = `nasion review: ${reading.name}`;
    report(`${reading.name} is open, ${reading.events.length} events`);
  } catch (problem) {
    complain(problem);
  }
}

async function begin() {
  recall();
  startTheme();
  startTools(report);
  startDay(complain);
  startEeg(complain);
  startWhy(complain);
  startPointer({ move: verdicts.move, tell: report });
  startTables();
  startVerdict(complain, report);
  startDialogs({ open, complain, report });
  startKeys();
  watch(["reading", "start_s"], () => {
    clearTimeout(keeping);
    const wait = kept + LEAST_MS - performance.now();
    if (wait <= 0) keepPlace(); // at once, or a reload right after would miss it
    else keeping = setTimeout(keepPlace, wait);
  });
  addEventListener("pagehide", keepPlace);
  whenShown(() => (byId("error").textContent = "")); // the server answers again
  try {
    /** @type {{readings: Summary[], problems: string[], blind: boolean, reviewer: string, disclaimer: string}} */
    const { readings, problems, blind, reviewer, disclaimer } = await json("/api/readings");
    change({ readings, problems, blind, reviewer });
    if (disclaimer) byId("disclaimer").textContent = disclaimer;
    if (!readings.length) throw new Error(problems[0] ?? "There is no reading in this folder; run nasion read first");
    const was = place();
    const known = readings.find(({ id }) => id === was.id);
    await open((known ?? readings[0]).id, known ? was.at_s : 0);
    if (readings.length + problems.length > 1 && !known) byId("open-recordings").click();
  } catch (problem) {
    complain(problem);
  }
}

await begin();
