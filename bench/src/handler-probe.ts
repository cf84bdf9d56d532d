import { setTimeout as sleep } from 'node:timers/promises';
import { boundsOf, type Demand, type Hottest } from './parallel/bounds.js';
import { keyNumber } from './payloads.js';
import type { Figures } from './scenario.js';
import { Stopwatch } from './stopwatch.js';

/** What the handlers are, and what they are nominally asked to do. */
export interface ProbeInit {
  readonly concurrency: number;
  /** What one waits, in the mean; as delivered it is a little more. */
  readonly workMs: number;
  readonly keys: number;
  /** @default none: no key binds */
  readonly hottest?: Hottest;
}

/** As far as it came at one moment. */
interface Mark {
  readonly stopwatch: Stopwatch;
  readonly ended: number;
  /** Time of handlers, those that run included. */
  readonly busyMs: number;
  /** Of the most frequent key, the same. */
  readonly hottestEnded: number;
  readonly hottestBusyMs: number;
}

/**
 * Sees handlers start and end: how many, how long, how many at once, and whether each key keeps its order. A key is in one
 * partition. Cheap, as it is asked for each record: no allocation.
 */
export class HandlerProbe {
  readonly #demand: Demand;
  readonly #hottest: number;
  /** By key: the offset after that of the record started last, negative while it runs. Small, as memory is measured too. */
  readonly #next: Int32Array;
  #first: Mark | undefined;
  #awaited = Infinity;
  #reached: () => void = () => undefined;
  #ended = 0;
  #busyMs = 0;
  /** Of the handlers that run: when they started, added up. */
  #startsMs = 0;
  #hottestEnded = 0;
  #hottestBusyMs = 0;
  #running = 0;
  #mostRunning = 0;
  #violations = 0;

  constructor(init: ProbeInit) {
    const { keys, hottest = NO_KEY } = init;
    this.#demand = demandOf(init);
    this.#hottest = hottest.key;
    this.#next = new Int32Array(keys);
  }

  get ended(): number {
    return this.#ended;
  }

  /** @returns when that was, for {@link end} */
  start(key: Buffer | null, offset: number): number {
    this.#first ??= this.#mark();
    const number = keyNumber(key);
    const next = this.#next[number] ?? NaN;
    if (next < 0 || !(next <= offset)) this.#violations++;
    this.#next[number] = -1 - offset;
    if (++this.#running > this.#mostRunning) this.#mostRunning = this.#running;
    const startedAt = performance.now();
    this.#startsMs += startedAt;
    return startedAt;
  }

  end(key: Buffer | null, startedAt: number): void {
    const tookMs = performance.now() - startedAt;
    const number = keyNumber(key);
    this.#busyMs += tookMs;
    this.#startsMs -= startedAt;
    if (number === this.#hottest) {
      this.#hottestEnded++;
      this.#hottestBusyMs += tookMs;
    }
    this.#next[number] = Math.abs(this.#next[number] ?? NaN);
    this.#running--;
    if (++this.#ended === this.#awaited) this.#reached();
  }

  /** Over some time in the middle. Rejects if a key lost its order, or more handlers ran at once than may. */
  async window(settleMs: number, measureMs: number): Promise<Figures> {
    await sleep(settleMs);
    const from = this.#mark();
    await sleep(measureMs);
    return this.#since(from);
  }

  /** From the first record that starts to the last of so many that ends. Rejects as {@link window} does. */
  async whole(records: number): Promise<Figures> {
    await new Promise<void>((resolve) => {
      this.#awaited = records;
      this.#reached = resolve;
    });
    return this.#since(this.#first);
  }

  #mark(): Mark {
    return {
      stopwatch: new Stopwatch(),
      ...{ ended: this.#ended, busyMs: this.#busyMs + this.#running * performance.now() - this.#startsMs },
      ...{ hottestEnded: this.#hottestEnded, hottestBusyMs: this.#hottestBusyMs },
    };
  }

  /** `efficiency` is of what the handlers' latency as delivered allows; the other two are of one bound each, as asked for. */
  #since(from: Mark | undefined): Figures {
    if (from === undefined) throw new Error('no handler was started');
    const to = this.#mark();
    const ended = to.ended - from.ended;
    const figures = from.stopwatch.lap(ended);
    if (this.#violations > 0) throw new Error(`${this.#violations} records were handled out of their key's order`);
    const { concurrency } = this.#demand;
    if (this.#mostRunning > concurrency) throw new Error(`${this.#mostRunning} handlers ran at once`);
    const handlerMs = (to.busyMs - from.busyMs) / ended;
    const hottestMs = (to.hottestBusyMs - from.hottestBusyMs) / (to.hottestEnded - from.hottestEnded);
    const delivered = { handlerMs, hottestMs: Number.isNaN(hottestMs) ? handlerMs : hottestMs };
    return { ...figures, handlerMs, ...efficiencies(figures.perSecond ?? NaN, this.#demand, delivered) };
  }
}

const NO_KEY: Hottest = { key: NaN, share: 0 };

export const demandOf = ({ concurrency, workMs, hottest = NO_KEY }: ProbeInit): Demand => ({
  concurrency,
  latencyMs: workMs,
  hottestShare: hottest.share,
});

/** How much of each bound was reached, and of the lower one if handlers had been asked for what they took. */
export function efficiencies(
  perSecond: number,
  demand: Demand,
  { handlerMs, hottestMs = handlerMs }: { readonly handlerMs: number; readonly hottestMs?: number },
): Figures {
  const asked = boundsOf(demand);
  const delivered = boundsOf({ ...demand, latencyMs: handlerMs, hottestMs });
  return {
    efficiency: perSecond / Math.min(delivered.slots, delivered.hottestKey),
    ofSlots: perSecond / asked.slots,
    ofHottestKey: perSecond / asked.hottestKey,
  };
}
