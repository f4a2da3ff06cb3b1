/** Recordings, export, calibration of the screen, and who reads. */

import { json, of, post } from "/static/api.js";
import { lengthText } from "/static/clock.js";
import { byId } from "/static/dom.js";
import { change, state, watch } from "/static/state.js";
import { askEvents } from "/static/verdict.js";

/** @typedef {(id: string) => void} Open */

const CARD_MM = 85.6; // ISO/IEC 7810 ID-1, a bank card

/**
 * @param {string} button
 * @param {string} dialog
 */
const opens = (button, dialog, before = () => {}) =>
  byId(button).addEventListener("click", () => {
    before();
    byId(dialog, HTMLDialogElement).showModal();
  });

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string | number} text
 */
function made(tag, text) {
  const element = document.createElement(tag);
  element.textContent = String(text);
  return element;
}

/** @param {Open} open */
function listRecordings(open) {
  const { readings, problems, blind, reading } = state;
  const patterns = blind ? [] : (reading?.patterns ?? []);
  const head = ["Recording", "Begins", "Long", "Judged", ...patterns.map(({ label }) => label), "Events", "Unread"];
  const dialog = byId("recordings", HTMLDialogElement);
  const titles = document.createElement("tr");
  titles.append(...head.map((title) => Object.assign(made("th", title), { scope: "col" })));
  dialog.querySelector("thead")?.replaceChildren(titles);
  const rows = readings.map((one) => {
    const row = document.createElement("tr");
    const button = made("button", one.name);
    button.type = "button";
    if (one.id === reading?.id) {
      button.setAttribute("aria-current", "true");
      button.autofocus = true;
    }
    button.addEventListener("click", () => {
      dialog.close();
      open(one.id);
    });
    const name = document.createElement("th");
    name.scope = "row";
    name.append(button);
    if (one.warnings.length) {
      const told = made("small", `${one.warnings.length} warning${one.warnings.length > 1 ? "s" : ""}`);
      told.title = one.warnings.join("\n");
      name.append(" ", told);
    }
    const cells = [
      one.start ? one.start.replace("T", " ").slice(0, 16) : "–",
      lengthText(one.duration_s),
      `${Math.round(100 * one.judged)} %`,
      ...patterns.map((pattern) => minutes(one.minutes[pattern.name])),
      one.n_events + (one.uncertain ? `, ${one.uncertain} uncertain` : ""),
      one.unread,
    ];
    row.append(name, ...cells.map((text) => made("td", text)));
    return row;
  });
  const broken = problems.map((reason) => {
    const row = document.createElement("tr");
    row.className = "broken";
    row.append(Object.assign(made("td", reason), { colSpan: head.length }));
    return row;
  });
  dialog.querySelector("tbody")?.replaceChildren(...rows, ...broken);
}

/** @param {number | null | undefined} value */
const minutes = (value) => (value === null ? "not judged" : !value ? "–" : value < 10 ? value.toFixed(1) : String(Math.round(value)));

function startCalibration() {
  const slider = byId("card-length", HTMLInputElement);
  const show = () => {
    const px_per_mm = Number(slider.value) / CARD_MM;
    byId("card").style.width = `${slider.value}px`;
    byId("card-text").textContent = `${slider.value} px = ${CARD_MM} mm, ${px_per_mm.toFixed(2)} px/mm`;
  };
  opens("open-calibration", "calibration", () => {
    slider.value = String(Math.round(state.px_per_mm * CARD_MM));
    show();
  });
  slider.addEventListener("input", show);
  byId("card-save").addEventListener("click", () => {
    change({ px_per_mm: Number(slider.value) / CARD_MM, calibrated: true });
    byId("calibration", HTMLDialogElement).close();
  });
}

/**
 * @param {Complain} complain
 * @param {Say} report
 */
function startExport(complain, report) {
  const files = byId("export-files");
  opens("open-export", "export", () => files.replaceChildren());
  for (const button of byId("export").querySelectorAll("button")) {
    if (!button.dataset.kind) continue;
    button.addEventListener("click", async () => {
      const { id } = state.reading;
      try {
        /** @type {{files: string[]}} */
        const { files: names } = await post(of(id, "/export"), { kind: button.dataset.kind });
        const items = names.map((name) => {
          const link = made("a", name);
          link.href = of(id, `/export/${encodeURIComponent(name)}`);
          link.download = name;
          const item = document.createElement("li");
          item.append(link);
          return item;
        });
        files.replaceChildren(...(items.length ? items : [made("li", "There was nothing to write")]));
        report(`Written: ${names.join(", ") || "nothing"}`);
      } catch (problem) {
        files.replaceChildren(made("li", problem instanceof Error ? problem.message : String(problem)));
        complain(problem);
      }
    });
  }
}

/**
 * @param {Complain} complain
 * @param {Say} report
 */
function startReviewer(complain, report) {
  const field = byId("reviewer", HTMLInputElement);
  watch(["reviewer"], () => (field.value = state.reviewer));
  field.addEventListener("change", async () => {
    try {
      await post(of(state.reading.id, "/reviewer"), { initials: field.value.trim() });
      change({ reviewer: field.value.trim() });
      await askEvents();
      report(`Verdicts are given by ${state.reviewer || "nobody named"}`);
    } catch (problem) {
      field.value = state.reviewer;
      complain(problem);
    }
  });
}

/**
 * Take up the work; `open(id)` opens a recording.
 * @param {{open: Open, complain: Complain, report: Say}} told
 */
export function startDialogs({ open, complain, report }) {
  opens("open-recordings", "recordings", async () => {
    listRecordings(open);
    try {
      const { readings, problems } = await json("/api/readings"); // others may have read meanwhile
      change({ readings, problems });
      listRecordings(open);
      /** @type {HTMLElement | null} */ (document.querySelector("#recordings [aria-current]"))?.focus();
    } catch (problem) {
      complain(problem);
    }
  });
  opens("open-help", "help");
  startCalibration();
  startExport(complain, report);
  startReviewer(complain, report);
  const single = byId("single-keys", HTMLInputElement);
  single.checked = state.single_keys;
  single.addEventListener("change", () => change({ single_keys: single.checked }));
}
