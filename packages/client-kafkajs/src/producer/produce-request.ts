import { errorName, type ProduceRequest, type ProduceResponse } from '@hearken/protocol';
import { brokerError, type KafkaBrokerError } from '../errors.js';
import type { ProducerBatch } from './producer-batch.js';
import type { ResolvedProducerOptions } from './producer-options.js';

/** A batch with the bytes it is sent as. */
export interface EncodedBatch {
  readonly batch: ProducerBatch;
  readonly bytes: Buffer;
}

/** What the broker said of one batch. */
export interface BatchAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | undefined;
  /** -1 if the broker does not tell. */
  readonly baseOffset: number;
  /** -1 if the records' own timestamps count. */
  readonly logAppendTimeMs: number;
  /** Why records of it are bad, by their place in the batch. */
  readonly recordErrors: ReadonlyMap<number, string>;
}

const NO_ERRORS: ReadonlyMap<number, string> = new Map();

/** What is known of a batch when nobody answers, as with `acks: 0`. */
export const UNANSWERED: BatchAnswer = {
  errorCode: 0,
  errorMessage: undefined,
  baseOffset: -1,
  logAppendTimeMs: -1,
  recordErrors: NO_ERRORS,
};

export function produceRequest(
  encoded: readonly EncodedBatch[],
  { acks, requestTimeoutMs }: Pick<ResolvedProducerOptions, 'acks' | 'requestTimeoutMs'>,
): ProduceRequest {
  const byTopic = new Map<string, { index: number; records: Buffer }[]>();
  for (const { batch, bytes } of encoded) {
    const { topic, partition } = batch.queue;
    const partitions = byTopic.get(topic.name);
    if (partitions === undefined) byTopic.set(topic.name, [{ index: partition, records: bytes }]);
    else partitions.push({ index: partition, records: bytes });
  }
  return {
    transactionalId: null,
    acks: acks === 'all' ? -1 : acks,
    timeoutMs: requestTimeoutMs,
    topicData: Array.from(byTopic, ([name, partitionData]) => ({ name, partitionData })),
  };
}

/** The answers by topic and partition; undefined where the response does not mention the batch. */
export function answersIn(response: ProduceResponse): (batch: ProducerBatch) => BatchAnswer | undefined {
  const byTopic = new Map<string, Map<number, BatchAnswer>>();
  for (const { name, partitionResponses } of response.responses) {
    byTopic.set(name, new Map(partitionResponses.map((answer) => [answer.index, toAnswer(answer)])));
  }
  return ({ queue }) => byTopic.get(queue.topic.name)?.get(queue.partition);
}

type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number];

const toAnswer = (answer: PartitionResponse): BatchAnswer => ({
  errorCode: answer.errorCode,
  errorMessage: answer.errorMessage ?? undefined,
  baseOffset: answer.baseOffset,
  logAppendTimeMs: answer.logAppendTimeMs,
  recordErrors:
    answer.recordErrors.length === 0
      ? NO_ERRORS
      : new Map(answer.recordErrors.map((one) => [one.batchIndex, one.batchIndexErrorMessage ?? ''])),
});

const HINTS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: "it is larger than the topic's max.message.bytes",
  RECORD_LIST_TOO_LARGE: "it is larger than the topic's segment.bytes",
  TOPIC_AUTHORIZATION_FAILED: 'the principal needs WRITE on the topic',
  CLUSTER_AUTHORIZATION_FAILED: 'the principal needs IDEMPOTENT_WRITE on the cluster, or set idempotent: false',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'the broker misses records that were sent before; they may be lost',
  UNKNOWN_PRODUCER_ID: 'the broker has forgotten the producer; records sent before may be lost',
};

/** The error for a batch or one of its records. */
export function produceError(
  batch: ProducerBatch,
  answer: BatchAnswer,
  reason = answer.errorMessage,
): KafkaBrokerError {
  const { topic, partition } = batch.queue;
  const hint = [reason, HINTS[errorName(answer.errorCode)]]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
  return brokerError(answer.errorCode, `a record for ${topic.name}-${partition}`, hint === '' ? undefined : hint);
}
