import type { ConsumerRecord, Logger } from '@hearken/core';
import type { AckMode } from '../container-properties.js';
import type { Called } from '../invoke/listener-invoker.js';
import { ListenerView } from '../listener-view.js';
import type { Acknowledgment, ListenerContainer } from '../message-listener.js';

export interface ParkedContextInit {
  /** Of the worker. */
  readonly called: Called;
  readonly container: ListenerContainer;
  readonly epoch: number;
}

/** What the listener is told beside a parked record: the container is the one it knows, not the one that works parked records off. */
export class ParkedContext implements Called {
  handed: ConsumerRecord<unknown, unknown>;
  /** Of the record's partition as it was assigned here, not of the parked one. */
  readonly epoch: number;
  readonly #called: Called;
  readonly #container: ListenerContainer;

  constructor(record: ConsumerRecord, { called, container, epoch }: ParkedContextInit) {
    this.handed = record;
    this.epoch = epoch;
    this.#called = called;
    this.#container = container;
  }

  get ackMode(): AckMode {
    return this.#called.ackMode;
  }

  get acknowledgment(): Acknowledgment {
    return this.#called.acknowledgment;
  }

  get signal(): AbortSignal {
    return this.#called.signal;
  }

  get attempt(): number {
    return this.#called.attempt;
  }

  get logger(): Logger {
    return this.#called.logger;
  }

  get container(): ListenerContainer {
    return new ListenerView(this.#container, (options) => {
      this.excuse();
      return this.#container.stop(options);
    });
  }

  /** Nobody waits for the attempt from now on: it waits for the container itself. */
  excuse(): void {
    this.#called.excuse();
  }

  failedHere(isListener: boolean): void {
    this.#called.failedHere(isListener);
  }

  /** The partition of the record is read elsewhere: there is nothing that could go on from here. */
  seek(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
