import { setTimeout as sleep } from 'node:timers/promises';
import { uniform } from '../random.js';
import { percentile } from '../statistics.js';

export interface ProbePlan {
  readonly probes: number;
  /** Between two probes, in the mean. */
  readonly everyMs: number;
}

/** How long the last ones may take. */
const STRAGGLERS_MS = 30_000;

/** Stamped records at random times, and how long each took to where it is told of. */
export class WaitProbe {
  readonly #random = uniform(0x9b0be);
  #waitsMs: number[] = [];
  /** The end of the last run. */
  #since = performance.now();

  /** @returns when it was sent; undefined for one of an earlier `run`, which a new group reads again */
  arrived(value: Buffer | null): number | undefined {
    const sentAt = value?.readDoubleLE(0) ?? 0;
    if (sentAt < this.#since) return undefined;
    this.#waitsMs.push(performance.now() - sentAt);
    return sentAt;
  }

  /** Sends them and waits for them. Rejects if one does not arrive, or twice. */
  async run({ probes, everyMs }: ProbePlan, send: (value: Buffer) => Promise<unknown>): Promise<void> {
    const expected = this.#waitsMs.length + probes;
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < probes; i++) {
      await sleep(-everyMs * Math.log(1 - this.#random()));
      sends.push(send(stamped()));
    }
    await Promise.all(sends);
    await this.arrival(expected);
    this.#since = performance.now();
  }

  /** Rejects if there are not as many when they have had their time. */
  async arrival(expected: number): Promise<void> {
    const deadline = performance.now() + STRAGGLERS_MS;
    while (this.#waitsMs.length < expected && performance.now() < deadline) await sleep(10);
    if (this.#waitsMs.length !== expected) throw new Error(`${this.#waitsMs.length} of ${expected} probes arrived`);
  }

  /** Of all runs. */
  waitMs(share: number): number {
    return percentile(this.#waitsMs, share);
  }

  /** What was seen so far is of no interest. */
  reset(): void {
    this.#waitsMs = [];
  }
}

function stamped(): Buffer {
  const value = Buffer.alloc(8);
  value.writeDoubleLE(performance.now());
  return value;
}
