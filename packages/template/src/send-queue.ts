import { AsyncResource } from 'node:async_hooks';
import { deferred } from '@hearken/core/internal';

interface QueuedSend {
  /** What to do when it is this send's turn; undefined until its input is there, or is known not to come. */
  proceed: (() => void) | undefined;
  readonly abandon: (error: unknown) => void;
}

/**
 * Sends that wait for asynchronous serdes, and those given after them: handed on in the order they were given, however
 * long each serialisation takes. Serialisation itself goes on side by side.
 */
export class SendQueue {
  /** By number, from `#first` on. */
  readonly #sends = new Map<number, QueuedSend>();
  #first = 0;
  #next = 0;

  get isEmpty(): boolean {
    return this.#sends.size === 0;
  }

  /**
   * Calls `handOn` once the input is there and everything given before was handed on or has failed; in the async context of
   * this call, though it may be another send that ends the waiting.
   */
  add<Input, Result>(input: Input | Promise<Input>, handOn: (input: Input) => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = deferred<Result | Promise<Result>>();
    const send = this.#push(undefined, reject);
    const handOnHere = AsyncResource.bind(handOn);
    Promise.resolve(input).then(
      // A promise of its own, so that a `handOn` that throws fails this send and not the ones behind it.
      (value) => this.#ready(send, () => resolve(new Promise((handed) => handed(handOnHere(value))))),
      (error: unknown) => this.#ready(send, () => reject(error)),
    );
    return promise as Promise<Result>;
  }

  /** Resolves when everything given before this call was handed on, has failed or was abandoned. */
  passed(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    const { promise, resolve } = deferred();
    this.#push(resolve, () => resolve());
    return promise;
  }

  /** Rejects what waits. Inputs that come later are ignored. */
  abandon(error: unknown): void {
    const abandoned = [...this.#sends.values()];
    this.#sends.clear();
    this.#first = this.#next;
    for (const send of abandoned) send.abandon(error);
  }

  #push(proceed: QueuedSend['proceed'], abandon: QueuedSend['abandon']): QueuedSend {
    const send = { proceed, abandon };
    this.#sends.set(this.#next++, send);
    return send;
  }

  #ready(send: QueuedSend, proceed: () => void): void {
    send.proceed = proceed;
    for (;;) {
      const head = this.#sends.get(this.#first);
      if (head?.proceed === undefined) return;
      this.#sends.delete(this.#first++);
      head.proceed();
    }
  }
}
