import type { Clock, Consumer, ConsumerRecords } from '@hearken/core';
import { IllegalStateError } from '@hearken/core';
import { BetweenPolls } from './between-polls.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import type { Intake } from './dispatch/intake.js';
import type { Pauses } from './pause/pauses.js';
import { Wakeup } from './wakeup.js';

export interface PollLoopInit {
  readonly consumer: Pick<Consumer, 'poll' | 'wakeup'>;
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  readonly intake: Pick<Intake, 'room'>;
  readonly pauses: Pick<Pauses, 'lookAtExecutor'>;
  /** Called at each turn, on the monotonic clock. */
  readonly onTurn: (now: number) => void;
  readonly clock: Clock;
  readonly pollTimeoutMs: number;
  /** While there is no room, the consumer is told that often that we are alive. */
  readonly keepAliveMs: number;
}

/** Moves records from the consumer to the dispatcher, as many as there is room for. */
export class PollLoop {
  readonly #init: PollLoopInit;
  readonly #wakeup: Wakeup;
  readonly #betweenPolls = new BetweenPolls();
  #running: Promise<void> | undefined;
  #stopping = false;
  #turnedAt: number | undefined;

  constructor(init: PollLoopInit) {
    this.#init = init;
    this.#wakeup = new Wakeup(init.clock);
  }

  /** When the loop last turned, on the monotonic clock. */
  get turnedAt(): number | undefined {
    return this.#turnedAt;
  }

  /** Turns until stopped. Rejects with the consumer's fatal error. */
  run(): Promise<void> {
    this.#running ??= this.#turn();
    return this.#running;
  }

  /** There is room again. */
  wake(): void {
    this.#wakeup.wake();
  }

  /** Runs the action when no poll is outstanding, so that none returns records from before it. */
  do(action: () => void): Promise<void> {
    if (this.#stopping) return Promise.reject(new IllegalStateError('the container stops', 'CONTAINER_NOT_RUNNING'));
    const done = this.#betweenPolls.add(action);
    if (this.#running === undefined) this.#betweenPolls.run();
    this.#wakeup.wake();
    this.#init.consumer.wakeup();
    return done;
  }

  /** Resolves when the loop has ended, well or badly. What still waits to be done is done, or refused, by then. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakeup.wake();
    this.#init.consumer.wakeup();
    await this.#running?.catch(() => undefined); // `run` reports it
    this.#betweenPolls.run(); // it may never have run, or a poll that failed have ended it
  }

  async #turn(): Promise<void> {
    const { consumer, intake, pauses, clock, onTurn, pollTimeoutMs, keepAliveMs } = this.#init;
    let polledAt = clock.monotonic();
    while (!this.#stopping) {
      const now = (this.#turnedAt = clock.monotonic());
      this.#betweenPolls.run();
      pauses.lookAtExecutor();
      onTurn(now);
      const room = intake.room();
      if (room === 0 && now < polledAt + keepAliveMs) {
        await this.#wakeup.sleep(polledAt + keepAliveMs - now);
        continue;
      }
      polledAt = now;
      // Not into a variable, which would keep them while the loop waits for what comes next.
      this.#dispatch(await consumer.poll(room > 0 ? pollTimeoutMs : 0, room));
    }
  }

  #dispatch(records: ConsumerRecords): void {
    this.#init.dispatcher.dispatch(records, this.#init.clock.monotonic());
  }
}
