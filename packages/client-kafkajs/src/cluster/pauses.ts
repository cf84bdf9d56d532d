import type { Clock, KafkaError } from '@hearken/core';

/** Waits that end early, with an error, when their owner closes. */
export class Pauses {
  readonly #clock: Clock;
  readonly #cancels = new Set<(reason: KafkaError) => void>();
  #closedBy: KafkaError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws the reason given to `close` */
  pause(delayMs: number): Promise<void> {
    if (this.#closedBy !== undefined) return Promise.reject(this.#closedBy);
    return new Promise((resolve, reject) => {
      const cancel = (reason: KafkaError): void => {
        timer.clear();
        reject(reason);
      };
      const timer = this.#clock.setTimer(() => {
        this.#cancels.delete(cancel);
        resolve();
      }, delayMs);
      this.#cancels.add(cancel);
    });
  }

  /** Rejects every pause, those asked for later too. */
  close(reason: KafkaError): void {
    this.#closedBy ??= reason;
    for (const cancel of this.#cancels) cancel(reason);
    this.#cancels.clear();
  }
}
