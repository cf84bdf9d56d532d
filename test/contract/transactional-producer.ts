import assert from 'node:assert/strict';
import {
  addOffsetsToTxnApi,
  addPartitionsToTxnApi,
  endTxnApi,
  errorName,
  initProducerIdApi,
  txnOffsetCommitApi,
} from '@hearken/protocol';
import { uniqueName } from '../support/kafka.js';
import { until } from '../support/until.js';
import { nameOf, type ContractBroker } from './contract-broker.js';
import { aBatch, only, produce } from './partition-requests.js';

/** In later ones a batch adds its partition by itself where brokers are new enough (KIP-890), and errors have other names. */
const PRODUCE_VERSION = 10;

/** The transaction before is not over in all its partitions, or the coordinator has just been made one. */
const LATER = ['CONCURRENT_TRANSACTIONS', 'COORDINATOR_LOAD_IN_PROGRESS', 'NOT_COORDINATOR'];

interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

interface ProducerInit extends Partial<Identity> {
  readonly transactionTimeoutMs?: number;
}

/**
 * A producer of transactions, request by request. Kafka ends transactions in steps: what it is told to do later goes
 * through as soon as it lets it.
 */
export class TransactionalProducer {
  readonly transactionalId: string;
  readonly #broker: ContractBroker;
  readonly #sequences = new Map<string, number>();
  identity: Identity = { producerId: -1, producerEpoch: -1 };

  constructor(broker: ContractBroker, transactionalId = uniqueName('transactional')) {
    this.#broker = broker;
    this.transactionalId = transactionalId;
  }

  static async open(broker: ContractBroker, transactionalId?: string): Promise<TransactionalProducer> {
    const producer = new TransactionalProducer(broker, transactionalId);
    await producer.init();
    return producer;
  }

  /** InitProducerId; takes the identity that it is given. */
  async init(options: ProducerInit = {}, version?: number): Promise<string> {
    const nobody = { producerId: -1, producerEpoch: -1, transactionTimeoutMs: 60_000 };
    const request = { ...nobody, transactionalId: this.transactionalId, ...options };
    return this.#unlessLater(async () => {
      const answer = await this.#broker.ask(initProducerIdApi, request, version);
      if (answer.errorCode === 0) {
        this.identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
        this.#sequences.clear();
      }
      return nameOf(answer);
    });
  }

  /** AddPartitionsToTxn: the error of each partition, in their order. */
  async add(topic: string, partitions: readonly number[] = [0], identity = this.identity): Promise<readonly string[]> {
    const names = await this.#unlessLater(async () => {
      const { resultsByTopicV3AndBelow } = await this.#broker.ask(addPartitionsToTxnApi, {
        v3AndBelowTransactionalId: this.transactionalId,
        v3AndBelowProducerId: identity.producerId,
        v3AndBelowProducerEpoch: identity.producerEpoch,
        v3AndBelowTopics: [{ name: topic, partitions }],
      });
      return only(resultsByTopicV3AndBelow)
        .resultsByPartition.slice()
        .sort((a, b) => a.partitionIndex - b.partitionIndex)
        .map(({ partitionErrorCode }) => (partitionErrorCode === 0 ? 'NONE' : errorName(partitionErrorCode)))
        .join();
    });
    return names.split(',');
  }

  /** Produces one batch to a partition that was added before. */
  async produce(topic: string, values: readonly string[], partition = 0): Promise<string> {
    const key = `${topic}-${partition}`;
    const baseSequence = this.#sequences.get(key) ?? 0;
    const batch = aBatch(values, { ...this.identity, baseSequence, transactional: true });
    const { transactionalId } = this;
    const answer = await produce(this.#broker, topic, batch, { partition, transactionalId, version: PRODUCE_VERSION });
    if (answer.errorCode === 0) this.#sequences.set(key, baseSequence + values.length);
    return nameOf(answer);
  }

  /** EndTxn. */
  async end(outcome: 'commit' | 'abort', identity = this.identity): Promise<string> {
    const request = { transactionalId: this.transactionalId, ...identity, committed: outcome === 'commit' };
    return this.#unlessLater(async () => nameOf(await this.#broker.ask(endTxnApi, request)));
  }

  /** One transaction from beginning to end. */
  async transact(topic: string, values: readonly string[], outcome: 'commit' | 'abort'): Promise<void> {
    assert.deepEqual(await this.add(topic), ['NONE']);
    assert.equal(await this.produce(topic, values), 'NONE');
    assert.equal(await this.end(outcome), 'NONE');
  }

  /** AddOffsetsToTxn. */
  async addOffsets(groupId: string): Promise<string> {
    const request = { transactionalId: this.transactionalId, ...this.identity, groupId };
    return this.#unlessLater(async () => nameOf(await this.#broker.ask(addOffsetsToTxnApi, request)));
  }

  /** TxnOffsetCommit of partition 0. */
  async commitOffset(
    groupId: string,
    topic: string,
    committedOffset: number,
    member: { readonly generationId?: number; readonly memberId?: string } = {},
  ): Promise<string> {
    const partition = { partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: '' };
    const { topics } = await this.#broker.ask(txnOffsetCommitApi, {
      ...{ transactionalId: this.transactionalId, groupId, ...this.identity },
      ...{ generationId: -1, memberId: '', groupInstanceId: null, ...member },
      topics: [{ name: topic, partitions: [partition] }],
    });
    return nameOf(only(only(topics).partitions));
  }

  #unlessLater(ask: () => Promise<string>): Promise<string> {
    return until('the coordinator is ready', async () => {
      const name = await ask();
      return LATER.some((error) => name.includes(error)) ? false : name;
    });
  }
}
