import type { TextSink } from "../io.ts";
import { formatDuration, formatPercent } from "./format.ts";
import { displayWidth } from "./text.ts";

/** How far a long piece of work is. */
export interface ProgressState {
  /** Items done. */
  readonly items: number;
  /** Items that were refused. */
  readonly rejected: number;
  /** Bytes of the source read and worked off. */
  readonly doneBytes: number;
  /** Bytes of the source; undefined where it has no known end. */
  readonly totalBytes: number | undefined;
  /** Since the start, in milliseconds. */
  readonly elapsedMs: number;
  /** What the work waits for, where it waits. */
  readonly waiting: string | undefined;
}

const BAR_COLUMNS_MAX = 30;
const BAR_COLUMNS_MIN = 8;
/** How often a terminal's line is drawn again: smooth, and cheap. */
const REDRAW_INTERVAL_MS = 100;
/** How often a line goes to a log. */
const LOG_INTERVAL_MS = 5_000;

/** The state on one line of at most `width` columns: bar and percent where the end is known, items, rate, time left. */
export function progressLine(state: ProgressState, width: number, glyphs: BarGlyphs): string {
  const seconds = state.elapsedMs / 1000;
  const share =
    state.totalBytes === undefined || state.totalBytes === 0
      ? undefined
      : Math.min(1, state.doneBytes / state.totalBytes);
  const parts = [`${state.items} outcomes`];
  if (seconds > 0) parts.push(`${Math.round(state.items / seconds)}/s`);
  if (state.rejected > 0) parts.push(`${state.rejected} rejected`);
  if (state.waiting !== undefined) parts.push(state.waiting);
  else if (share !== undefined && share > 0 && share < 1) {
    parts.push(`${formatDuration((seconds * (1 - share)) / share)} left`);
  }
  const facts = parts.join("  ");
  if (share === undefined) return facts.slice(0, width);
  const percent = formatPercent(share).padStart(6);
  const room = width - displayWidth(facts) - displayWidth(percent) - 6;
  if (room < BAR_COLUMNS_MIN) return `${percent}  ${facts}`.slice(0, width);
  const columns = Math.min(BAR_COLUMNS_MAX, room);
  const filled = Math.round(share * columns);
  const bar = glyphs.full.repeat(filled) + glyphs.empty.repeat(columns - filled);
  return `[${bar}] ${percent}  ${facts}`;
}

/** Characters of a bar. */
export interface BarGlyphs {
  readonly full: string;
  readonly empty: string;
}

/** Characters for terminals that show Unicode, and for the others. */
export function barGlyphs(unicode: boolean): BarGlyphs {
  return unicode ? { full: "█", empty: "░" } : { full: "#", empty: "." };
}

/** Where a progress display goes and how. */
export interface ProgressTarget {
  readonly sink: TextSink;
  /** Draws one line again and again where true, else writes a line from time to time. */
  readonly redraw: boolean;
  readonly columns: number;
  readonly glyphs: BarGlyphs;
}

/** Shows the state at intervals until the returned function is called; that one clears the drawn line. */
export function showProgress(state: () => ProgressState, target: ProgressTarget): () => void {
  const draw = () => {
    const width = target.redraw ? target.columns - 1 : 200;
    const line = progressLine(state(), width, target.glyphs);
    target.sink.write(target.redraw ? `\r\u001b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(draw, target.redraw ? REDRAW_INTERVAL_MS : LOG_INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    if (target.redraw) target.sink.write("\r\u001b[K");
  };
}
