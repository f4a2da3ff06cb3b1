/** Times as words: of the clock where the recording has one, else from its beginning. */

const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400];

/**
 * Clock time at the beginning, ms, as written (no time zone is applied); null if unknown.
 * @param {string | null} iso
 */
export function beginning(iso) {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?/.exec(iso || "");
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) + Number(found[7] || 0) * 1000;
}

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/**
 * 13:05:10 or, with digits, 13:05:10.25.
 * @param {number} at_s
 * @param {number | null} begin
 */
export function timeText(at_s, begin, { digits = 0, seconds = true } = {}) {
  const unit = 10 ** digits;
  let units = Math.round(at_s * unit + (begin === null ? 0 : (begin / 1000) * unit));
  const fraction = digits ? `.${String(units % unit).padStart(digits, "0")}` : "";
  units = Math.floor(units / unit);
  const hours = Math.floor(units / 3600);
  const shown = begin === null ? String(hours) : two(hours % 24);
  const text = `${shown}:${two(Math.floor(units / 60) % 60)}`;
  return seconds ? `${text}:${two(units % 60)}${fraction}` : text;
}

/**
 * Day of the recording, from 1, as its clock counts days.
 * @param {number} at_s
 * @param {number | null} begin
 */
export function dayOf(at_s, begin) {
  if (begin === null) return 1;
  return Math.floor((begin + at_s * 1000) / 864e5) - Math.floor(begin / 864e5) + 1;
}

/**
 * Seconds of the recording that a text means, near `near_s`; null where it means nothing.
 * @param {string} text
 * @param {number | null} begin
 */
export function secondOf(text, begin, near_s = 0) {
  const found = /^\s*(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)\s*$/.exec(text);
  if (!found) return null;
  const [hours, minutes, seconds] = found.slice(1).map((part) => Number(part || 0));
  if (minutes > 59 && found[1] || seconds >= 60) return null;
  const meant = hours * 3600 + minutes * 60 + seconds;
  if (begin === null) return meant;
  const offset = (begin / 1000) % 86400;
  return meant - offset + Math.round((near_s + offset - meant) / 86400) * 86400;
}

/**
 * 12 s, 3 min 20 s, 2 h 05 min.
 * @param {number} length_s
 */
export function lengthText(length_s) {
  if (length_s < 60) return `${Number(length_s.toFixed(1))} s`;
  const whole = Math.round(length_s);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

/**
 * Places of about `n` round times between two seconds.
 * @param {number} start_s
 * @param {number} stop_s
 * @param {number} n
 * @param {number | null} begin
 */
export function ticks(start_s, stop_s, n, begin) {
  const step = NICE.find((nice) => (stop_s - start_s) / nice <= n) || 86400;
  const offset = begin === null ? 0 : (begin / 1000) % 86400;
  const found = [];
  for (let at = Math.ceil((start_s + offset) / step) * step - offset; at <= stop_s; at += step) {
    found.push(at);
  }
  return { step, at: found };
}
