import { KafkaError } from '@hearken/core';
import { deferred, describePartition } from '@hearken/core/internal';
import { produceApi, ProtocolError } from '@hearken/protocol';
import { KafkaConnectionError } from '../errors.js';
import type { BatchOutcomes } from './batch-outcomes.js';
import { answersIn, produceRequest, UNANSWERED, type BatchAnswer, type EncodedBatch } from './produce-request.js';
import type { ProducerBatch } from './producer-batch.js';
import type { ProducerCluster } from './producer-cluster.js';
import type { ResolvedProducerOptions } from './producer-options.js';

export interface ProduceExchangeParts {
  readonly cluster: Pick<ProducerCluster, 'send'>;
  readonly outcomes: BatchOutcomes;
  readonly options: ResolvedProducerOptions;
}

/** One Produce request and its answer: encodes batches, sends them, and hands what became of each to the outcomes. */
export class ProduceExchange {
  readonly #parts: ProduceExchangeParts;
  /** By leader: resolves when the request before is on its way. */
  readonly #turns = new Map<number, Promise<void>>();
  batchesSent = 0;
  bytesSent = 0;

  constructor(parts: ProduceExchangeParts) {
    this.#parts = parts;
  }

  /** Ends when every batch is in the hands of the outcomes. Never rejects. */
  async run(leader: number, batches: readonly ProducerBatch[]): Promise<void> {
    const encoding = this.#encode(batches);
    const before = this.#turns.get(leader);
    const handedOver = deferred();
    this.#turns.set(leader, handedOver.promise);
    try {
      const encoded = await encoding;
      await before; // a batch that compresses faster must not overtake the partition's batch before it
      const sending = this.#send(leader, encoded.filter(isStillWanted));
      handedOver.resolve();
      await sending;
    } catch (error) {
      this.#parts.outcomes.unanswered(batches, error);
    } finally {
      handedOver.resolve(); // whatever happened: the next ones wait for it
    }
  }

  async #send(leader: number, encoded: readonly EncodedBatch[]): Promise<void> {
    if (encoded.length === 0) return;
    const { cluster, options, outcomes } = this.#parts;
    this.batchesSent += encoded.length;
    for (const { bytes } of encoded) this.bytesSent += bytes.length;
    const response = await cluster.send(leader, 'produce', produceApi, produceRequest(encoded, options), {
      timeoutMs: options.requestTimeoutMs,
      expectResponse: options.acks !== 0,
    });
    const answerOf = options.acks === 0 ? (): BatchAnswer => UNANSWERED : answersIn(response);
    for (const { batch } of encoded) {
      const answer = answerOf(batch);
      if (answer === undefined) outcomes.unanswered([batch], unmentioned(batch));
      else outcomes.answered(batch, answer);
    }
  }

  /** The batches that can be encoded; the records of others are rejected. Compressors work at the same time. */
  async #encode(batches: readonly ProducerBatch[]): Promise<EncodedBatch[]> {
    const encoded: EncodedBatch[] = [];
    const encodeOne = async (batch: ProducerBatch): Promise<void> => {
      try {
        encoded.push({ batch, bytes: await batch.encode(this.#parts.options.compression) });
      } catch (error) {
        this.#parts.outcomes.fail(batch, encodingError(error));
      }
    };
    await Promise.all(batches.map(encodeOne));
    return encoded;
  }
}

/** It may have been given up while it was compressed. */
const isStillWanted = ({ batch }: EncodedBatch): boolean => batch.state === 'in-flight';

const encodingError = (cause: unknown): KafkaError =>
  new KafkaError(`the batch could not be encoded: ${cause instanceof Error ? cause.message : String(cause)}`, {
    code: cause instanceof ProtocolError ? cause.code : 'ENCODING_FAILED',
    cause,
  });

function unmentioned({ queue: { topic, partition } }: ProducerBatch): KafkaConnectionError {
  const about = describePartition({ topic: topic.name, partition });
  return new KafkaConnectionError(`the broker's answer does not mention ${about}`, { code: 'INVALID_RESPONSE' });
}
