/** The keyboard: one table for what keys do and for the help that says so. */

import { byId } from "/static/dom.js";
import { clear } from "/static/pointer.js";
import { state, watch } from "/static/state.js";
import { view } from "/static/tools.js";
import { verdicts } from "/static/verdict.js";

/** @param {string} id */
const press = (id) => () => byId(id).click();

/** @typedef {[keys: string[], shown: string, words: string, deed: (key: string) => unknown]} Key */

/**
 * One key a pattern; which ones is known with the recording.
 * @type {Key}
 */
const LABELS = [[], "", "", (key) => verdicts.label(Number(key) - 1)];

/**
 * Keys, what they do, in words and in deed.
 * @type {Key[]}
 */
const KEYS = [
  [["ArrowRight", "PageDown"], "→", "page on", () => view.pages(1)],
  [["ArrowLeft", "PageUp"], "←", "page back", () => view.pages(-1)],
  [["Shift+ArrowRight"], "Shift →", "1 s on", () => view.seconds(1)],
  [["Shift+ArrowLeft"], "Shift ←", "1 s back", () => view.seconds(-1)],
  [["Home"], "Home", "to the beginning", view.first],
  [["End"], "End", "to the end", view.last],
  [["+", "=", "ArrowUp"], "+ ↑", "larger traces", () => view.amplify(1)],
  [["-", "ArrowDown"], "− ↓", "smaller traces", () => view.amplify(-1)],
  [["n"], "n", "next event", () => view.event(1)],
  [["p"], "p", "previous event", () => view.event(-1)],
  [["c"], "c", "confirm", verdicts.confirm],
  [["x"], "x", "reject", verdicts.reject],
  LABELS,
  [["u"], "u", "undo the last verdict", verdicts.undo],
  [["a"], "a", "add an event", verdicts.add],
  [["b"], "b", "borders of the event", () => byId("border-start", HTMLInputElement).select()],
  [["w"], "w", "write a note", () => byId("note").focus()],
  [["g"], "g", "map: what the model looked at", view.map],
  [["k"], "k", "calipers", view.calipers],
  [["i"], "i", "day view: zoom in", view.zoomIn],
  [["o"], "o", "day view: zoom out", view.zoomOut],
  [["0"], "0", "day view: whole recording", view.zoomAll],
  [["t"], "t", "spectrograms and trends", view.trends],
  [["j"], "j", "go to a time", view.goTo],
  [["r"], "r", "recordings", press("open-recordings")],
  [["e"], "e", "export", press("open-export")],
  [["d"], "d", "dark or light", view.theme],
  [["?"], "?", "this help", press("open-help")],
  [["Escape"], "Esc", "give up, clear marks, leave a field", () => giveUp()],
];

function giveUp() {
  if (state.adding) verdicts.giveUp();
  clear();
  byId("eeg-view").focus();
}

/** @type {Map<string, (key: string) => unknown>} */
let deeds = new Map();
const WRITING = "input:not([type=checkbox]):not([type=range]), textarea";

/** @param {KeyboardEvent} event */
function act(event) {
  if (!state.reading || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  const { key } = event;
  const target = /** @type {Element} */ (event.target);
  const shifted = event.shiftKey && key.startsWith("Arrow") ? `Shift+${key}` : key;
  const deed = deeds.get(shifted);
  if (!deed) return;
  if (key !== "Escape") {
    if (target.matches(WRITING)) return;
    if (target.matches("select") && /^(Arrow|Page|Home|End|.$)/.test(key)) return; // they choose there
    if (!state.single_keys && key.length === 1) return;
  }
  event.preventDefault();
  deed(key);
}

function build() {
  const patterns = state.reading?.patterns ?? [];
  LABELS[0] = patterns.map((_, k) => String(k + 1));
  LABELS[1] = `1–${patterns.length}`;
  LABELS[2] = `label (${patterns.map(({ label }) => label).join(" ")})`;
  deeds = new Map(KEYS.flatMap(([keys, , , deed]) => keys.map((key) => [key, deed])));
  const entries = KEYS.filter(([keys]) => keys.length).flatMap(([, shown, words]) => {
    const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
    const key = document.createElement("kbd");
    key.textContent = shown;
    term.append(key);
    meaning.textContent = words;
    return [term, meaning];
  });
  byId("keys").replaceChildren(...entries);
}

/** Take up the work. */
export function startKeys() {
  build();
  watch(["reading"], build);
  document.addEventListener("keydown", act);
}
