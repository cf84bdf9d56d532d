import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './scenario.js';
import { Stopwatch } from './stopwatch.js';

interface Run {
  readonly lane: string;
  readonly startedAt: number;
}

interface Lane {
  offset: number;
  running: boolean;
}

/** Sees handlers start and end: how many, how long, how many at once, and whether each key keeps its order. */
export class HandlerProbe {
  readonly #concurrency: number;
  readonly #lanes = new Map<string, Lane>();
  #ended = 0;
  #busyMs = 0;
  #running = 0;
  #mostRunning = 0;
  #violations = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  start(partition: number, key: Buffer | null, offset: number): Run {
    const lane = `${partition} ${key?.toString('latin1') ?? ''}`;
    const before = this.#lanes.get(lane);
    if (before !== undefined && (before.running || before.offset >= offset)) this.#violations++;
    this.#lanes.set(lane, { offset, running: true });
    this.#mostRunning = Math.max(this.#mostRunning, ++this.#running);
    return { lane, startedAt: performance.now() };
  }

  end({ lane, startedAt }: Run): void {
    this.#busyMs += performance.now() - startedAt;
    this.#ended++;
    this.#running--;
    const state = this.#lanes.get(lane);
    if (state !== undefined) state.running = false;
  }

  /** Rejects if a key lost its order, or more handlers ran at once than may. */
  async window(settleMs: number, measureMs: number): Promise<Figures> {
    await sleep(settleMs);
    const before = { ended: this.#ended, busyMs: this.#busyMs };
    const stopwatch = new Stopwatch();
    await sleep(measureMs);
    const ended = this.#ended - before.ended;
    const figures = stopwatch.lap(ended);
    const handlerMs = (this.#busyMs - before.busyMs) / ended;
    if (this.#violations > 0) throw new Error(`${this.#violations} records were handled out of their key's order`);
    if (this.#mostRunning > this.#concurrency) throw new Error(`${this.#mostRunning} handlers ran at once`);
    const allowedPerSecond = (this.#concurrency / handlerMs) * 1000;
    return { ...figures, handlerMs, efficiency: (figures.perSecond ?? 0) / allowedPerSecond };
  }
}
