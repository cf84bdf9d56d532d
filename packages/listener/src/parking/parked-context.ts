import type { ConsumerRecord, Logger } from '@hearken/core';
import type { AckMode } from '../container-properties.js';
import type { Delivery } from '../dispatch/delivery.js';
import { ListenerView } from '../listener-view.js';
import type { Acknowledgment, ListenerContainer, ListenerContext } from '../message-listener.js';

/** What the listener is told beside a parked record: the container is the one it knows, not the one that works parked records off. */
export class ParkedContext implements ListenerContext {
  handed: ConsumerRecord<unknown, unknown>;
  readonly #delivery: Delivery;
  readonly #container: ListenerContainer;

  constructor(record: ConsumerRecord, delivery: Delivery, container: ListenerContainer) {
    this.handed = record;
    this.#delivery = delivery;
    this.#container = container;
  }

  get ackMode(): AckMode {
    return this.#delivery.ackMode;
  }

  get acknowledgment(): Acknowledgment {
    return this.#delivery.acknowledgment;
  }

  get signal(): AbortSignal {
    return this.#delivery.signal;
  }

  get attempt(): number {
    return this.#delivery.attempt;
  }

  get epoch(): number {
    return this.#delivery.epoch;
  }

  get logger(): Logger {
    return this.#delivery.logger;
  }

  get container(): ListenerContainer {
    return new ListenerView(this.#container, (options) => {
      this.excuse();
      return this.#container.stop(options);
    });
  }

  /** Nobody waits for the attempt from now on: it waits for the container itself. */
  excuse(): void {
    this.#delivery.excuse();
  }

  /** The partition of the record is read elsewhere: there is nothing that could go on from here. */
  seek(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
