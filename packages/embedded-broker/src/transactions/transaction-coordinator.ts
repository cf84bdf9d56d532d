import type { Clock, TopicPartition } from '@hearken/core';
import type { ErrorName } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import { errorCodeOf } from '../groups/error-code-of.js';
import { nextIdentity, type ProducerIdAndEpoch } from './producer-identity.js';
import type { ProducerIds } from './producer-ids.js';
import { Transaction, type TransactionScope, type TransactionState } from './transaction.js';

/** Read anew whenever it is needed. */
export interface TransactionConfig {
  /** `transaction.max.timeout.ms`: the longest time-out that a producer may ask for. */
  readonly maxTimeoutMs: number;
  /** `transactional.id.expiration.ms`: how long a transactional id is remembered after its last use. */
  readonly idExpirationMs: number;
}

/** Where the markers of a partition go. */
export interface MarkedPartition {
  readonly leaderEpoch: number;
  readonly log: {
    appendMarker(producerId: number, producerEpoch: number, type: 'COMMIT' | 'ABORT', leaderEpoch: number): number;
  };
}

export interface TransactionCoordinatorOptions {
  readonly clock: Clock;
  readonly producerIds: ProducerIds;
  /** Undefined once the topic was deleted. */
  readonly partition: (partition: TopicPartition) => MarkedPartition | undefined;
  readonly groups: {
    completeTransaction(producerId: number, groupIds: readonly string[], committed: boolean): void;
  };
  readonly config: () => TransactionConfig;
}

/** Who speaks for a transactional id. */
export interface TransactionalProducer extends ProducerIdAndEpoch {
  readonly transactionalId: string;
}

export interface TransactionDescription extends TransactionalProducer, TransactionScope {
  readonly state: TransactionState;
  readonly timeoutMs: number;
  /** Milliseconds since 1970; -1 if none is ongoing. */
  readonly startedAtMs: number;
}

/**
 * The transactions of a cluster, by transactional id. All that Kafka does in steps (two writes to its log, markers to
 * the leaders, retries) is one here, so that a transaction is ongoing or over. What clients can tell of the steps stays:
 * a producer that is initialized over an open transaction is told CONCURRENT_TRANSACTIONS once.
 */
export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions;
  readonly #transactions = new Map<string, Transaction>();

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options;
  }

  /**
   * Makes a producer the one of its transactional id, and all before it zombies. Without a transactional id: a new
   * producer id, whatever else was said.
   * @param was which producer it has been until now (KIP-360)
   * @throws BrokerError `INVALID_REQUEST`, `INVALID_TRANSACTION_TIMEOUT`, `PRODUCER_FENCED`, `CONCURRENT_TRANSACTIONS`
   */
  initProducerId(transactionalId: string | null, timeoutMs: number, was?: ProducerIdAndEpoch): ProducerIdAndEpoch {
    const { producerIds, config } = this.#options;
    if (transactionalId === null) return { producerId: producerIds.next(), producerEpoch: 0 };
    requireId(transactionalId);
    if (timeoutMs <= 0 || timeoutMs > config().maxTimeoutMs) throw new BrokerError('INVALID_TRANSACTION_TIMEOUT');

    const transaction = this.#transactions.get(transactionalId) ?? new Transaction(transactionalId, producerIds.next());
    if (transaction.state === 'Ongoing') this.#interrupt(transaction, was);
    const next = nextIdentity(transaction.producer, was, () => producerIds.next());
    transaction.initialize(next, timeoutMs);
    this.#transactions.set(transactionalId, transaction);
    this.#expireLater(transaction);
    return { producerId: next.producerId, producerEpoch: next.producerEpoch };
  }

  /**
   * @param partitions all known
   * @throws BrokerError `INVALID_REQUEST`, `INVALID_PRODUCER_ID_MAPPING`, `PRODUCER_FENCED`
   */
  addPartitions(producer: TransactionalProducer, partitions: readonly TopicPartition[]): void {
    this.#ongoing(producer).addPartitions(partitions);
  }

  /** @throws BrokerError as {@link addPartitions} */
  addOffsets(producer: TransactionalProducer, groupId: string): void {
    this.#ongoing(producer).addGroup(groupId);
  }

  /**
   * Commits or aborts. To say the same again is fine, to say the other afterwards is not.
   * @throws BrokerError as {@link addPartitions}, and `INVALID_TXN_STATE`
   */
  end(producer: TransactionalProducer, committed: boolean): void {
    const transaction = this.#of(producer);
    const outcome = committed ? 'CompleteCommit' : 'CompleteAbort';
    if (transaction.state === outcome) return;
    if (transaction.state !== 'Ongoing') throw new BrokerError('INVALID_TXN_STATE');
    this.#complete(transaction, outcome);
  }

  /**
   * Whether what a producer wants to write is part of its transaction (KIP-890, part 1). For the log to ask before it
   * opens a transaction, and for a group before it takes offsets.
   * @param target a partition, or the group whose offsets are to be committed
   * @param options.abortable the asker's version knows TRANSACTION_ABORTABLE
   * @throws BrokerError `INVALID_REQUEST`, `INVALID_PRODUCER_ID_MAPPING`, `INVALID_PRODUCER_EPOCH`; if it is no part of it
   * `INVALID_TXN_STATE` or `TRANSACTION_ABORTABLE`
   */
  verify(
    producer: TransactionalProducer,
    target: TopicPartition | { readonly groupId: string },
    { abortable }: { readonly abortable: boolean },
  ): void {
    const transaction = this.#of(producer, 'INVALID_PRODUCER_EPOCH');
    const added = 'groupId' in target ? transaction.hasGroup(target.groupId) : transaction.hasPartition(target);
    if (!added) throw new BrokerError(abortable ? 'TRANSACTION_ABORTABLE' : 'INVALID_TXN_STATE');
  }

  describe(): TransactionDescription[] {
    return Array.from(this.#transactions.values(), (transaction) => {
      const { transactionalId, producer, state, timeoutMs, startedAtMs, scope } = transaction;
      const { producerId, producerEpoch } = producer;
      return { transactionalId, producerId, producerEpoch, state, timeoutMs, startedAtMs, ...scope };
    });
  }

  /** Forgets all transactions, and leaves no timer. Nothing is written: the logs and groups go too. */
  close(): void {
    for (const { timer } of this.#transactions.values()) timer?.clear();
    this.#transactions.clear();
  }

  #of(producer: TransactionalProducer, zombie: ErrorName = 'PRODUCER_FENCED'): Transaction {
    requireId(producer.transactionalId);
    const transaction = this.#transactions.get(producer.transactionalId);
    if (transaction?.producer.producerId !== producer.producerId) throw new BrokerError('INVALID_PRODUCER_ID_MAPPING');
    if (transaction.producer.producerEpoch !== producer.producerEpoch) throw new BrokerError(zombie);
    return transaction;
  }

  #ongoing(producer: TransactionalProducer): Transaction {
    const transaction = this.#of(producer);
    if (transaction.state !== 'Ongoing') {
      transaction.begin(this.#options.clock.now());
      this.#setTimer(transaction, transaction.timeoutMs, () => this.#fence(transaction));
    }
    return transaction;
  }

  /** As Kafka: of who asks only the producer id is looked at, so a zombie can abort what its successor has open. */
  #interrupt(transaction: Transaction, was: ProducerIdAndEpoch | undefined): never {
    const { producerId } = transaction.producer;
    if (was !== undefined && was.producerId !== producerId) throw new BrokerError('PRODUCER_FENCED');
    this.#fence(transaction);
    throw new BrokerError('CONCURRENT_TRANSACTIONS');
  }

  /** Aborts at an epoch that its producer does not have: the late one cannot go on as if nothing had been. */
  #fence(transaction: Transaction): void {
    transaction.fence();
    this.#complete(transaction, 'CompleteAbort');
  }

  #complete(transaction: Transaction, outcome: 'CompleteCommit' | 'CompleteAbort'): void {
    const { producerId, producerEpoch } = transaction.producer;
    const committed = outcome === 'CompleteCommit';
    const { partitions, groups } = transaction.complete(outcome);
    this.#expireLater(transaction);
    this.#options.groups.completeTransaction(producerId, groups, committed);
    for (const partition of partitions) {
      const marked = this.#options.partition(partition);
      if (marked === undefined) continue; // the topic was deleted
      const mark = (): unknown =>
        marked.log.appendMarker(producerId, producerEpoch, committed ? 'COMMIT' : 'ABORT', marked.leaderEpoch);
      // Refused only where a batch without transaction brought a newer epoch: then nothing of this one is open there.
      errorCodeOf(mark);
    }
  }

  #expireLater(transaction: Transaction): void {
    this.#setTimer(transaction, this.#options.config().idExpirationMs, () => {
      transaction.expire();
      this.#transactions.delete(transaction.transactionalId);
    });
  }

  #setTimer(transaction: Transaction, delayMs: number, callback: () => void): void {
    transaction.timer?.clear();
    transaction.timer = this.#options.clock.setTimer(callback, delayMs, { keepAlive: false });
  }
}

function requireId(transactionalId: string): void {
  if (transactionalId === '') throw new BrokerError('INVALID_REQUEST');
}
