import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, percentile } from '../statistics.js';
import { HandledLog } from './handled-log.js';

export type Fault = 'none' | 'poison' | 'throw' | 'hang' | 'rebalance';

export const LEVELS = 3;
export const [LOWEST, MIDDLE, URGENT] = [0, 1, 2] as const;
/** Of the records of the level that suffers, those that do. */
const EVERY = 10;
const LOOK_EVERY_MS = 1;

/** Does what the fault of the hour is, and notes what was handled and how long urgent records waited. */
export class FaultyListener {
  readonly log = new HandledLog(LEVELS);
  readonly #takesMs: () => number;
  readonly #sentAt = new Map<number, number>();
  readonly #thrown = new Set<string>();
  /** Of the phase that is under way. */
  #waitsMs: number[] = [];
  readonly #p99sMs = forEachFault();
  /** How late timers of this process were meanwhile: the part of a wait that no order of starting spares. */
  readonly #loop = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  readonly #loopP99sMs = forEachFault();
  #fault: Fault = 'none';
  #endOfPhase: Promise<void> = Promise.resolve();
  #endPhase: () => void = () => undefined;

  constructor(takesMs: () => number) {
    this.#takesMs = takesMs;
  }

  begin(fault: Fault): void {
    this.#fault = fault;
    this.#waitsMs = [];
    this.#loop.reset();
    this.#loop.enable();
    this.#endOfPhase = new Promise((resolve) => (this.#endPhase = resolve));
  }

  /** What hangs goes on. */
  end(): void {
    this.#loop.disable();
    this.#p99sMs[this.#fault].push(percentile(this.#waitsMs, 0.99));
    this.#loopP99sMs[this.#fault].push(this.#loop.percentile(99) / 1e6 - LOOK_EVERY_MS);
    this.#endPhase();
  }

  /**
   * Of the waits of urgent records while the fault lasted, the median of its phases: what the machine does to one of them is
   * none of the fault's doing, and would decide the p99 over all.
   */
  p99Ms(fault: Fault): number {
    return median(this.#p99sMs[fault]);
  }

  /** The same of how late timers were meanwhile. */
  loopP99Ms(fault: Fault): number {
    return median(this.#loopP99sMs[fault]);
  }

  /** Those so far are of no interest. */
  reset(): void {
    for (const p99s of [this.#p99sMs, this.#loopP99sMs].flatMap(Object.values<number[]>)) p99s.length = 0;
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

const forEachFault = (): Record<Fault, number[]> => ({ none: [], poison: [], throw: [], hang: [], rebalance: [] });
