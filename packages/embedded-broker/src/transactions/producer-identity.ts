import { BrokerError } from '../broker-error.js';

/** A producer as its batches name it. */
export interface ProducerIdAndEpoch {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Which producer a transactional id belongs to. */
export interface ProducerIdentity extends ProducerIdAndEpoch {
  /** What the same producer was before; undefined if it fenced another. */
  readonly follows: ProducerIdAndEpoch | undefined;
}

/** The last epoch that a producer is told: the one above is left for fencing it. */
const LAST_EPOCH = 32_766;
const FENCING_EPOCH = LAST_EPOCH + 1;
const NO_EPOCH = -1;

/** Of a transactional id that no producer was initialized for yet. */
export const unusedIdentity = (producerId: number): ProducerIdentity => ({
  producerId,
  producerEpoch: NO_EPOCH,
  follows: undefined,
});

/**
 * After an abort that the producer did not ask for: what it still sends is refused. It may find out and go on (KIP-588),
 * if no other came in between.
 */
export const fencedIdentity = ({ producerId, producerEpoch }: ProducerIdentity): ProducerIdentity => ({
  producerId,
  producerEpoch: Math.min(producerEpoch + 1, FENCING_EPOCH), // a client may guess that epoch: there is none beyond
  follows: { producerId, producerEpoch },
});

/**
 * Who a producer is that asks to be initialized: one epoch on, or a new id once the epochs are used up. One that says
 * who it was (KIP-360) must be the current one, or who that was before, which is told again what it did not hear. So
 * Kafka's `TransactionCoordinator` has it; but where that fails with UNKNOWN_SERVER_ERROR, because a zombie asks when the
 * epochs are used up, the zombie is fenced here.
 * @throws BrokerError `PRODUCER_FENCED`
 */
export function nextIdentity(
  current: ProducerIdentity,
  was: ProducerIdAndEpoch | undefined,
  newProducerId: () => number,
): ProducerIdentity {
  const { producerId, producerEpoch, follows } = current;
  if (was !== undefined && producerEpoch !== NO_EPOCH) {
    if (isSame(was, follows) && producerEpoch <= LAST_EPOCH) return current;
    if (!isSame(was, current) && !isSame(was, follows)) throw new BrokerError('PRODUCER_FENCED');
  }
  return producerEpoch < LAST_EPOCH
    ? { producerId, producerEpoch: producerEpoch + 1, follows: was }
    : { producerId: newProducerId(), producerEpoch: 0, follows: was };
}

const isSame = (one: ProducerIdAndEpoch, other: ProducerIdAndEpoch | undefined): boolean =>
  one.producerId === other?.producerId && one.producerEpoch === other.producerEpoch;
