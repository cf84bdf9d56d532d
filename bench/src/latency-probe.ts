import { setTimeout as sleep } from 'node:timers/promises';
import { keyOf, type Payload } from './payloads.js';
import type { Figures } from './scenario.js';
import { percentile } from './statistics.js';
import { Stopwatch } from './stopwatch.js';

interface Pace {
  readonly rate: number;
  readonly settleMs: number;
  readonly measureMs: number;
  readonly size: number;
  readonly keys: number;
}

/** Bytes of a value that say when it was sent and in which turn. */
const STAMP_BYTES = 12;
/** How long the last records may take after the last send. */
const STRAGGLERS_MS = 10_000;

/** Sends stamped records at a steady pace and times their arrival in the same process. */
export class LatencyProbe {
  readonly #pace: Pace;
  readonly #turn: number;
  readonly #latenciesMs: number[] = [];
  #measuredFrom = Infinity;

  /** @param turn told in every record: the topic may hold those of earlier turns */
  constructor(pace: Pace, turn: number) {
    if (pace.size < STAMP_BYTES) throw new RangeError(`size must be at least ${STAMP_BYTES}`);
    this.#pace = pace;
    this.#turn = turn;
  }

  received(value: Buffer | null): void {
    if (value?.readInt32LE(8) !== this.#turn) return;
    const sentAt = value.readDoubleLE(0);
    if (sentAt >= this.#measuredFrom) this.#latenciesMs.push(performance.now() - sentAt);
  }

  /** Rejects if a send fails or a measured record does not arrive. */
  async run(send: (payload: Payload) => Promise<unknown>): Promise<Figures> {
    await this.#sendFor(this.#pace.settleMs, send);
    this.#measuredFrom = performance.now();
    const stopwatch = new Stopwatch();
    const sent = await this.#sendFor(this.#pace.measureMs, send);
    const figures = stopwatch.lap(sent);
    await this.#arrivalOf(sent);
    const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => percentile(this.#latenciesMs, share));
    return { ...figures, p50Ms: p50Ms ?? NaN, p99Ms: p99Ms ?? NaN, maxMs: maxMs ?? NaN };
  }

  async #sendFor(durationMs: number, send: (payload: Payload) => Promise<unknown>): Promise<number> {
    const total = Math.round((durationMs * this.#pace.rate) / 1000);
    const startedAt = performance.now();
    const sends: Promise<unknown>[] = [];
    while (sends.length < total) {
      const due = Math.min(total, ((performance.now() - startedAt) * this.#pace.rate) / 1000);
      while (sends.length < due) sends.push(send(this.#payload(sends.length)));
      await sleep(1);
    }
    await Promise.all(sends);
    return total;
  }

  #payload(number: number): Payload {
    const value = Buffer.alloc(this.#pace.size, 'x');
    value.writeDoubleLE(performance.now(), 0);
    value.writeInt32LE(this.#turn, 8);
    return { key: keyOf(number % this.#pace.keys), value };
  }

  async #arrivalOf(sent: number): Promise<void> {
    const deadline = performance.now() + STRAGGLERS_MS;
    while (this.#latenciesMs.length < sent && performance.now() < deadline) await sleep(10);
    if (this.#latenciesMs.length !== sent) throw new Error(`${this.#latenciesMs.length} of ${sent} records arrived`);
  }
}
