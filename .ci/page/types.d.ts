/** What the server tells the page (review/case.py, review/ledger.py), and what the page makes of it. */

interface Pattern {
  name: string;
  label: string;
  long_name: string;
  colour: string;
  ink: string;
}

/** What can be done to an event, and the words for it. */
interface Deed {
  action: string;
  mark: string;
  word: string;
  told: string;
  shown: string;
}

interface Verdict {
  action: string;
  pattern: string | null;
  onset_s: number;
  duration_s: number;
  note: string;
  reviewer: string;
  at: string;
  predictions_visible: boolean;
}

/** An event of the model, a candidate or the reader's own. */
interface Entry {
  id: string;
  onset_s: number;
  duration_s: number;
  pattern: string | null;
  probability: number | null;
  peak: number | null;
  side: string | null;
  frequency_hz: number | null;
  chains: string[];
  length: string;
  doubt: string;
  verdict: Verdict | null;
}

interface Trend {
  name: string;
  label: string;
  unit: string;
  low: number;
  high: number;
}

interface Note {
  onset_s: number;
  duration_s: number;
  text: string;
}

interface Reading {
  id: string;
  name: string;
  start: string | null;
  duration_s: number;
  step_s: number;
  n_steps: number;
  sfreq: number;
  source_sfreq: number | null;
  electrodes: string[];
  sides: Record<string, string>;
  heart: string;
  montage: string;
  accuracy: string;
  recorded: string[];
  rebuilt: string[];
  missing: string[];
  interpolated: string[];
  states: Record<string, string>;
  marks: Record<string, string>;
  untold: string[];
  cautions: string[];
  bad: Record<string, number>;
  patterns: Pattern[];
  deeds: Deed[];
  montages: { name: string; long_name: string }[];
  derivations: { name: string; chain: string }[];
  chains: { name: string; long_name: string }[];
  reasons: string[];
  gap: number;
  gaps: { onset_s: number; duration_s: number }[];
  annotations: Note[];
  warnings: string[];
  model: Record<string, any>;
  burden: Record<string, any>;
  spectrogram: { chains: string[]; low_db: number; step_db: number };
  trends: Trend[];
  cant_tell: number;
  blind: boolean;
  events: Entry[];
}

/** One line of the list of recordings. */
interface Summary {
  id: string;
  name: string;
  start: string | null;
  duration_s: number;
  n_events: number;
  uncertain: number;
  judged: number;
  minutes: Record<string, number | null>;
  percent: Record<string, number>;
  urgency: number;
  unread: number;
  warnings: string[];
}

/** An event with its last verdict applied. */
interface Mark {
  id: string;
  event: Entry;
  action: string;
  pattern: string | null;
  onset_s: number;
  duration_s: number;
  certainty: number | null;
  doubt: string;
  rejected: boolean;
}

/** An array of the server; its shape, and what its headers say of it. */
interface Answer<T> {
  data: T;
  shape: number[];
  headers: Headers;
}

interface Steps {
  from_s: number;
  columns: number;
  data: Float32Array;
  reasons: Uint8Array | null;
}

interface Page {
  start_s: number;
  page_s: number;
  montage: string;
  names: string[];
  traces: Float32Array[];
  steps: Steps | null;
}

/** Where the model looked, over the time of a page. */
interface PageMap {
  values: Float32Array;
  from_s: number;
  to_s: number;
  pattern: string;
}

/** A row of the EEG page. */
interface Row {
  name: string;
  at: number;
  heart: boolean;
  group: string;
  flaw: { sign: string; word: string; mild?: boolean } | null;
  place: number;
  y: number;
}

/** A row of the day view; what is `at` depends on its kind. */
interface DayRow {
  kind: string;
  label: string;
  top: number;
  height: number;
  weight: number;
  at: number[];
  stem?: string;
  unit?: string;
  low: number;
  high: number;
}

/** What the day view shows: the answers for one span. */
interface Span {
  from: number;
  to: number;
  trends: Answer<Float32Array>;
  quality: Answer<Uint8Array>;
  probabilities: Answer<Float32Array> | null;
  ribbon: OffscreenCanvas | null;
  spectrograms: OffscreenCanvas[];
}

type Colour = Record<string, string>;
type Context = CanvasRenderingContext2D;

/** A canvas with its size in CSS pixels. */
interface Fitted {
  context: Context;
  width: number;
  height: number;
  ratio: number;
}

type Say = (words: string) => void;
type Complain = (problem: unknown) => void;
