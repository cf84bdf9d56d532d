import { setTimeout as sleep } from 'node:timers/promises';
import { median, percentile } from '../statistics.js';
import { HandledLog } from './handled-log.js';

export type Fault = 'none' | 'poison' | 'throw' | 'hang' | 'rebalance';

export const LEVELS = 3;
export const [LOWEST, MIDDLE, URGENT] = [0, 1, 2] as const;
/** Of the records of the level that suffers, those that do. */
const EVERY = 10;

/** Does what the fault of the hour is, and notes what was handled and how long urgent records waited. */
export class FaultyListener {
  readonly log = new HandledLog(LEVELS);
  readonly #takesMs: () => number;
  readonly #sentAt = new Map<number, number>();
  readonly #thrown = new Set<string>();
  /** Of the phase that is under way. */
  #waitsMs: number[] = [];
  readonly #p99sMs: Record<Fault, number[]> = { none: [], poison: [], throw: [], hang: [], rebalance: [] };
  #fault: Fault = 'none';
  #endOfPhase: Promise<void> = Promise.resolve();
  #endPhase: () => void = () => undefined;

  constructor(takesMs: () => number) {
    this.#takesMs = takesMs;
  }

  begin(fault: Fault): void {
    this.#fault = fault;
    this.#waitsMs = [];
    this.#endOfPhase = new Promise((resolve) => (this.#endPhase = resolve));
  }

  /** What hangs goes on. */
  end(): void {
    this.#p99sMs[this.#fault].push(percentile(this.#waitsMs, 0.99));
    this.#endPhase();
  }

  /**
   * Of the waits of urgent records while the fault lasted, the median of its phases: what the machine does to one of them is
   * none of the fault's doing, and would decide the p99 over all.
   */
  p99Ms(fault: Fault): number {
    return median(this.#p99sMs[fault]);
  }

  /** Those so far are of no interest. */
  reset(): void {
    for (const p99s of Object.values(this.#p99sMs)) p99s.length = 0;
  }

  sent(urgent: number): void {
    this.#sentAt.set(urgent, performance.now());
  }

  gaveUp(level: number, number: number): void {
    this.log.handled(level, number);
  }

  async handle(level: number, number: number): Promise<void> {
    const sentAt = level === URGENT ? this.#sentAt.get(number) : undefined;
    if (sentAt !== undefined) this.#waitsMs.push(performance.now() - sentAt);
    if (level !== URGENT && number % EVERY === 0) await this.#misbehave(level, number);
    await sleep(this.#takesMs());
    this.log.handled(level, number);
  }

  async #misbehave(level: number, number: number): Promise<void> {
    if (this.#fault === 'poison' && level === LOWEST) throw new Error('poison');
    if (this.#fault === 'throw' && level === MIDDLE && !this.#thrown.has(String(number))) {
      this.#thrown.add(String(number));
      throw new Error('once');
    }
    if (this.#fault === 'hang' && level === LOWEST) await this.#endOfPhase;
  }
}
