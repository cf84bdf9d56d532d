import type { Clock, Timer } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';

/** A request on its way. Settled once, by whoever comes first. */
export interface Exchange {
  /** "Fetch", for messages. */
  readonly name: string;
  readonly timeoutMs: number;
  /** False for a Produce with acks 0: settled when the bytes are handed to the system. */
  readonly expectsAnswer: boolean;
  /** Called when it is written, which may be later than it was asked for. */
  encode(correlationId: number): readonly Buffer[];
  resolve(frame: Buffer): void;
  reject(error: unknown): void;
}

interface Entry {
  readonly exchange: Exchange;
  readonly correlationId: number;
  deadline: number;
}

/** Beyond this a timer was late because the event loop was held up, not because timers are inexact. */
const HELD_UP_MS = 100;

/**
 * What was written and not answered yet, oldest first, with one timer for all: armed for the earliest deadline, and only
 * while something is in flight.
 */
export class InFlight {
  readonly #clock: Clock;
  readonly #onTimeout: (late: Exchange) => void;
  readonly #entries = new Set<Entry>();
  #timer: Timer | undefined;
  #timerDue = Infinity;
  #emptied: Deferred<void> | undefined;

  /** @param onTimeout gets the exchange that is late; it is expected to end them all */
  constructor(clock: Clock, onTimeout: (late: Exchange) => void) {
    this.#clock = clock;
    this.#onTimeout = onTimeout;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Returns what takes the exchange out again, for one that expects no answer. */
  add(exchange: Exchange, correlationId: number): () => void {
    const entry = { exchange, correlationId, deadline: this.#clock.monotonic() + exchange.timeoutMs };
    this.#entries.add(entry);
    if (entry.deadline < this.#timerDue) this.#arm(entry.deadline);
    return () => this.#remove(entry);
  }

  /** The oldest exchange that waits for an answer, if this is its answer: brokers answer in order. */
  take(correlationId: number): Exchange | undefined {
    for (const entry of this.#entries) {
      if (!entry.exchange.expectsAnswer) continue;
      if (entry.correlationId !== correlationId) return undefined;
      this.#remove(entry);
      return entry.exchange;
    }
    return undefined;
  }

  /** Empties it. */
  takeAll(): Exchange[] {
    const exchanges = Array.from(this.#entries, ({ exchange }) => exchange);
    this.#entries.clear();
    this.#onEmpty();
    return exchanges;
  }

  /** Gives everything more time. The timer stays: it finds nothing due and is set anew. */
  extend(byMs: number): void {
    for (const entry of this.#entries) entry.deadline += byMs;
  }

  /** Resolves when nothing is in flight; undefined if nothing is. */
  whenEmpty(): Promise<void> | undefined {
    if (this.#entries.size === 0) return undefined;
    return (this.#emptied ??= deferred()).promise;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry);
    // A later deadline than the timer's needs nothing: the timer finds nothing due and is set anew.
    if (this.#entries.size === 0) this.#onEmpty();
  }

  #onEmpty(): void {
    this.#disarm();
    this.#emptied?.resolve();
    this.#emptied = undefined;
  }

  #arm(due: number): void {
    this.#timer?.clear();
    this.#timerDue = due;
    this.#timer = this.#clock.setTimer(() => this.#onTimer(), Math.max(0, Math.ceil(due - this.#clock.monotonic())));
  }

  #disarm(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#timerDue = Infinity;
  }

  #onTimer(): void {
    const now = this.#clock.monotonic();
    // A listener computes for a minute -> timers run before sockets are read -> answers that came long ago lie unread. So
    // time in which nothing could be read does not count, and what lies there is given a moment to be read.
    const heldUpMs = now - this.#timerDue;
    const extraMs = heldUpMs > HELD_UP_MS ? heldUpMs + HELD_UP_MS : 0;
    let earliest: Entry | undefined;
    for (const entry of this.#entries) {
      entry.deadline += extraMs;
      if (earliest === undefined || entry.deadline < earliest.deadline) earliest = entry;
    }
    this.#disarm();
    if (earliest === undefined) return;
    if (earliest.deadline > now) this.#arm(earliest.deadline);
    else this.#onTimeout(earliest.exchange);
  }
}
