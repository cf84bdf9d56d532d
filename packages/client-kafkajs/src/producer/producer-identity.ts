import type { Clock } from '@hearken/core';
import { StateMachine } from '@hearken/core/internal';
import { backOffMs } from '../cluster/back-off.js';
import { isRetriable } from '../errors.js';

/** A producer id from the broker, and an epoch: what it has of a lower one, it refuses (KIP-360). */
export class ProducerIdentity {
  static readonly MAX_EPOCH = 2 ** 15 - 1;
  readonly producerId: number;
  readonly producerEpoch: number;

  constructor(producerId: number, producerEpoch: number) {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
  }
}

/**
 * - none: a producer id has to be asked for
 * - acquiring: it is being asked for
 * - ready: partitions get it
 */
type IdentityState = 'none' | 'acquiring' | 'ready';

export interface ProducerIdentitiesParts {
  /** Asks the broker for a producer id. */
  readonly acquire: () => Promise<ProducerIdentity>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Batches may leave, or it is time to try again. */
  readonly onChange: () => void;
  /** The broker gives no producer id, and asking again would not help. */
  readonly onRefused: (error: unknown) => void;
}

/** Where partitions get their identity from, and another when the one they have can no longer be trusted. */
export class ProducerIdentities {
  readonly #parts: ProducerIdentitiesParts;
  readonly #state = new StateMachine<IdentityState>('the producer identity', {
    initial: 'none',
    moves: { none: ['acquiring'], acquiring: ['none', 'ready'], ready: ['none'] },
  });
  #current = new ProducerIdentity(-1, -1);
  #failures = 0;
  #notBeforeMs = 0;

  constructor(parts: ProducerIdentitiesParts) {
    this.#parts = parts;
  }

  /** Whether {@link after} has one for a partition that has used this one until now, or none. */
  isReadyAfter(used: ProducerIdentity | undefined): boolean {
    return this.#state.is('ready') || hasNextEpoch(used);
  }

  /** Asks for a producer id if there is none. Returns when to call again; Infinity if it will tell itself. */
  renewIfDue(nowMs: number): number {
    if (!this.#state.is('none')) return Infinity;
    if (nowMs < this.#notBeforeMs) return this.#notBeforeMs;
    this.#state.moveTo('acquiring');
    void this.#renew();
    return Infinity;
  }

  /**
   * What a partition goes on with that has used this identity until now, or none that it may still use. Epochs are a
   * partition's own: the broker keeps them per partition, and others need not care. The next epoch of the id it has comes
   * first, whatever became of that id elsewhere: under it alone the broker refuses what is still on its way.
   * @throws RangeError unless {@link isReadyAfter}
   */
  after(used: ProducerIdentity | undefined): ProducerIdentity {
    if (hasNextEpoch(used)) {
      const next = new ProducerIdentity(used.producerId, used.producerEpoch + 1);
      if (next.producerEpoch === ProducerIdentity.MAX_EPOCH) this.retire(next);
      return next;
    }
    if (!this.#state.is('ready')) throw new RangeError('there is no producer id yet');
    return this.#current;
  }

  /** No partition gets this producer id from now on; those that have it may keep it, under later epochs too. */
  retire({ producerId }: ProducerIdentity): void {
    if (producerId === this.#current.producerId && this.#state.is('ready')) this.#state.moveTo('none');
  }

  async #renew(): Promise<void> {
    const { acquire, clock, random, onChange, onRefused } = this.#parts;
    try {
      this.#current = await acquire();
      this.#failures = 0;
      this.#state.moveTo('ready');
    } catch (error) {
      this.#notBeforeMs = clock.monotonic() + backOffMs(++this.#failures, random());
      this.#state.moveTo('none');
      if (!isRetriable(error)) onRefused(error);
    }
    onChange();
  }
}

const hasNextEpoch = (used: ProducerIdentity | undefined): used is ProducerIdentity =>
  used !== undefined && used.producerEpoch < ProducerIdentity.MAX_EPOCH;
