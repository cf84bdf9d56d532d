import type { LevelMetrics } from '@hearken/priority';
import { count } from '../tour/screen.js';
import type { Waits } from './recent-starts.js';

/** A level, as it is shown. */
export interface LevelReading extends Pick<
  LevelMetrics,
  'name' | 'targetShare' | 'slots' | 'queued' | 'lag' | 'waitedMs' | 'isPaused'
> {
  /** Of the last starts; undefined without any. */
  readonly share: number | undefined;
  /** From send to start, in milliseconds. */
  readonly waits: Waits | undefined;
}

/** All that the panel shows. */
export interface Reading {
  readonly policy: string;
  readonly slots: number;
  readonly capacity: number;
  /** The level that started last. */
  readonly last: string;
  /** Why it was that one. */
  readonly reason: string;
  /** The most urgent first. */
  readonly levels: readonly LevelReading[];
}

export type Style = 'bold' | 'dim' | 'green' | 'yellow';
export type Paint = (style: Style, text: string) => string;

const BAR_WIDTH = 28;
const STARVES_AFTER_MS = 1_000;
const HEADINGS = `${'level'.padEnd(8)}${'share of the last starts, │ the target'.padEnd(BAR_WIDTH + 14)}slots  queued    lag   wait p50       p99`;

/** A reading as lines of text, the same number for any: what is drawn over another covers it. */
export const panel = (reading: Reading, paint: Paint): string[] => [
  `${paint('bold', 'Three levels of priority')}   policy ${paint('bold', reading.policy)}, ${reading.slots} of ${reading.capacity} slots taken`,
  '',
  paint('dim', HEADINGS),
  ...reading.levels.map((level) => row(level, paint)),
  '',
  `last    ${reading.last === '' ? 'nothing has started yet' : `${reading.last}: ${reading.reason}`}`,
];

function row(level: LevelReading, paint: Paint): string {
  const { share, targetShare, slots, queued, lag } = level;
  const shares = `${percent(share)} of ${percent(targetShare)}`;
  const numbers = `${String(slots).padStart(5)}${count(queued).padStart(8)}${count(lag).padStart(7)}`;
  return `${level.name.padEnd(8)}${bar(share ?? 0, targetShare, paint)}  ${shares}${numbers}   ${waiting(level, paint)}`;
}

/** Filled as far as its share, with a mark where its target is. */
function bar(share: number, target: number, paint: Paint): string {
  const filled = Math.round(BAR_WIDTH * share);
  const mark = Math.min(BAR_WIDTH - 1, Math.round(BAR_WIDTH * target));
  const cells = Array.from({ length: BAR_WIDTH }, (_, i) => (i === mark ? '│' : i < filled ? '█' : '░'));
  return paint('green', cells.join(''));
}

function waiting({ waits, waitedMs, isPaused }: LevelReading, paint: Paint): string {
  const text = waits === undefined ? '' : `${duration(waits.p50).padStart(8)}  ${duration(waits.p99).padStart(8)}`;
  if (isPaused) return `${text.padEnd(20)}${paint('yellow', 'paused')}`;
  return waitedMs < STARVES_AFTER_MS ? text : `${text.padEnd(20)}${paint('yellow', `none for ${duration(waitedMs)}`)}`;
}

const percent = (part: number | undefined): string =>
  part === undefined ? '   -' : `${Math.round(100 * part)}%`.padStart(4);

const duration = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
