import { setTimeout as sleep } from 'node:timers/promises';
import { uniform } from '../payloads.js';
import type { Figures } from '../scenario.js';
import { percentile } from '../statistics.js';

export interface ProbePlan {
  readonly probes: number;
  /** Between two probes, in the mean. */
  readonly everyMs: number;
}

/** By which way a probe came: the one that is measured, and one without anything before it. */
export type Way = 'urgent' | 'fetch';

/** How long the last ones may take. */
const STRAGGLERS_MS = 30_000;

/** Stamped records at random times, each on two ways at once, so that what machine and broker do meanwhile meets both. */
export class WaitProbe {
  readonly #waitsMs: Record<Way, number[]> = { urgent: [], fetch: [] };

  arrived(way: Way, value: Buffer | null): void {
    if (value !== null) this.#waitsMs[way].push(performance.now() - value.readDoubleLE(0));
  }

  /** Rejects if a probe does not arrive, or twice. */
  async run(
    plan: ProbePlan,
    send: (value: Buffer) => Promise<unknown>,
    ways: readonly Way[] = ['urgent', 'fetch'],
  ): Promise<void> {
    const random = uniform(0x9b0be);
    const sends: Promise<unknown>[] = [];
    const already = ways.map((way) => this.#waitsMs[way].length);
    for (let i = 0; i < plan.probes; i++) {
      await sleep(-plan.everyMs * Math.log(1 - random()));
      sends.push(send(stamped()));
    }
    await Promise.all(sends);
    for (const [i, way] of ways.entries()) await this.#arrivalOf((already[i] ?? 0) + plan.probes, way);
  }

  p99Ms(way: Way): number {
    return percentile(this.#waitsMs[way], 0.99);
  }

  figures(): Figures {
    const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => percentile(this.#waitsMs.urgent, share));
    const fetchP99Ms = this.p99Ms('fetch');
    return {
      p50Ms: p50Ms ?? NaN,
      p99Ms: p99Ms ?? NaN,
      maxMs: maxMs ?? NaN,
      fetchP99Ms,
      overFetchMs: (p99Ms ?? NaN) - fetchP99Ms,
    };
  }

  /** What was seen so far is of no interest. */
  reset(): void {
    for (const way of ['urgent', 'fetch'] as const) this.#waitsMs[way].length = 0;
  }

  async #arrivalOf(count: number, way: Way): Promise<void> {
    const waits = this.#waitsMs[way];
    const deadline = performance.now() + STRAGGLERS_MS;
    while (waits.length < count && performance.now() < deadline) await sleep(10);
    if (waits.length !== count) throw new Error(`${waits.length} of ${count} probes arrived (${way})`);
  }
}

function stamped(): Buffer {
  const value = Buffer.alloc(8);
  value.writeDoubleLE(performance.now());
  return value;
}
