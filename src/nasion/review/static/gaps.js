/** Long gaps: where nothing was recorded for long, which paging passes over. */

import { state } from "/static/state.js";

const LONG_S = 60; // a page turns past it
const FAR_S = 600; // so far apart, two stretches are looked at one by one

/**
 * The page that is turned to, a number of pages from here; past a long gap where it would show nothing.
 * @param {number} n
 */
export function pageFrom(n) {
  const { reading, start_s, page_s } = state;
  const at_s = start_s + n * page_s;
  const gap = reading.gaps.find(({ onset_s, duration_s }) => (
    duration_s >= LONG_S && onset_s <= at_s && at_s + page_s <= onset_s + duration_s
  ));
  const past = gap && (n > 0 ? gap.onset_s + gap.duration_s : gap.onset_s - page_s);
  if (!gap || past === undefined || past < 0 || past >= reading.duration_s) return { at_s, passed_s: 0 };
  return { at_s: past, passed_s: gap.duration_s };
}

/**
 * What the day view shows at first: the whole recording, or where most of it is a gap, the stretch of a second.
 * @param {Reading} reading
 * @param {number} at_s
 */
export function firstDay({ gaps, duration_s }, at_s) {
  const far = gaps.filter((gap) => gap.duration_s >= FAR_S);
  const lost_s = far.reduce((sum, gap) => sum + gap.duration_s, 0);
  if (lost_s < duration_s / 2) return [0, duration_s];
  const from = Math.max(0, ...far.filter(({ onset_s }) => onset_s <= at_s).map((gap) => gap.onset_s + gap.duration_s));
  const to = Math.min(duration_s, ...far.filter(({ onset_s }) => onset_s > at_s).map(({ onset_s }) => onset_s));
  return from < to ? [from, to] : [0, duration_s];
}
