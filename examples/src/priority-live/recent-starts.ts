import { LEVELS, type Level } from './levels.js';

/** Half of a level's records waited for `p50` at most, all but a hundredth for `p99`. */
export interface Waits {
  readonly p50: number;
  readonly p99: number;
}

const STARTS = 700;
const WAITS = 200;

/** Which levels the last records that started were of, and how long the last ones of each had waited. */
export class RecentStarts {
  #levels: Level[] = [];
  readonly #waits = new Map<Level, number[]>(LEVELS.map((level) => [level, []]));

  /** @param waited in whatever unit: {@link waits} says it in the same */
  add(level: Level, waited: number): void {
    keep(this.#levels, level, STARTS);
    keep(this.#waits.get(level) ?? [], waited, WAITS);
  }

  /** Undefined before the first start. */
  share(level: Level): number | undefined {
    const count = this.#levels.filter((each) => each === level).length;
    return this.#levels.length === 0 ? undefined : count / this.#levels.length;
  }

  /** Undefined before the first start of the level. */
  waits(level: Level): Waits | undefined {
    return waitsOf(this.#waits.get(level) ?? []);
  }

  /** Shares begin anew: another policy decides. */
  forgetShares(): void {
    this.#levels = [];
  }
}

/** By nearest rank. Undefined of none. */
export function waitsOf(waits: readonly number[]): Waits | undefined {
  const sorted = waits.toSorted((a, b) => a - b);
  const rank = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  return sorted.length === 0 ? undefined : { p50: rank(0.5), p99: rank(0.99) };
}

function keep<T>(items: T[], item: T, most: number): void {
  items.push(item);
  if (items.length > most) items.shift();
}
