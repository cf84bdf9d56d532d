import assert from 'node:assert/strict';
import {
  deleteRecordsApi,
  encodeRecordBatch,
  fetchApi,
  listOffsetsApi,
  produceApi,
  RecordBatch,
  type BatchRecord,
  type DeleteRecordsResponse,
  type FetchRequest,
  type FetchResponse,
  type ListOffsetsResponse,
  type ProduceResponse,
  type RecordBatchOptions,
} from '@hearken/protocol';
import type { RawConnection } from '../support/raw-connection.js';
import type { ContractBroker } from './contract-broker.js';

// Requests about one partition, with what a plain client would say where a case says nothing.

type ProducedPartition = ProduceResponse['responses'][number]['partitionResponses'][number];
export type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];
type ListedPartition = ListOffsetsResponse['topics'][number]['partitions'][number];

const TIMEOUT_MS = 30_000;
export const MAX_BYTES = 16 * 1024 * 1024;

/** Not long ago: Kafka begins a segment when record times have moved on by a week, and no fetch reads across that. */
const RECENTLY = Date.now();

/** A record of this value; text where bytes do not matter. */
export const aRecord = (value: string | Buffer | null, more: Partial<BatchRecord> = {}): BatchRecord => ({
  key: null,
  value: typeof value === 'string' ? Buffer.from(value) : value,
  timestamp: RECENTLY,
  ...more,
});

/** A batch of records with these values. */
export const aBatch = (
  values: readonly (string | Buffer | null)[],
  options: Omit<RecordBatchOptions, 'compression'> = {},
): Buffer =>
  encodeRecordBatch(
    values.map((value) => aRecord(value)),
    options,
  );

interface ProduceOptions {
  readonly partition?: number;
  readonly acks?: number;
  readonly transactionalId?: string | null;
  readonly version?: number;
}

/** Produces one batch and says what the broker answered for it. */
export async function produce(
  broker: ContractBroker,
  topic: string,
  records: Buffer | null,
  { partition = 0, acks = -1, transactionalId = null, version }: ProduceOptions = {},
): Promise<ProducedPartition> {
  const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }];
  const request = { transactionalId, acks, timeoutMs: TIMEOUT_MS, topicData };
  return only((await broker.ask(produceApi, request, version)).responses).partitionResponses[0]!;
}

interface FetchOptions extends Partial<
  Pick<FetchRequest, 'maxWaitMs' | 'minBytes' | 'maxBytes' | 'isolationLevel' | 'sessionId' | 'sessionEpoch'>
> {
  readonly partition?: number;
  readonly offset?: number;
  readonly partitionMaxBytes?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
  /** At most 12: later ones name topics by id. */
  readonly version?: number;
  /** @default the case's */
  readonly on?: RawConnection;
}

/** A fetch of a topic's partitions; waits for nothing unless told to. */
export function fetchRequest(
  topic: string,
  { partition = 0, offset = 0, partitionMaxBytes = MAX_BYTES, ...options }: FetchOptions = {},
): FetchRequest {
  const { currentLeaderEpoch = -1, lastFetchedEpoch = -1 } = options;
  const { maxWaitMs = 0, minBytes = 1, maxBytes = MAX_BYTES, isolationLevel = 0 } = options;
  const { sessionId = 0, sessionEpoch = -1 } = options;
  const asked = { partition, currentLeaderEpoch, fetchOffset: offset, lastFetchedEpoch, logStartOffset: -1 };
  return {
    ...{ replicaId: -1, maxWaitMs, minBytes, maxBytes, isolationLevel, sessionId, sessionEpoch, rackId: '' },
    topics: [{ topic, topicId: '', partitions: [{ ...asked, partitionMaxBytes }] }],
    forgottenTopicsData: [],
  };
}

/** Fetches one partition and says what the broker answered for it. */
export async function fetch(
  broker: ContractBroker,
  topic: string,
  options: FetchOptions = {},
): Promise<FetchedPartition> {
  const { version = Math.min(12, broker.version(fetchApi)), on = await broker.wire } = options;
  const { responses } = await on.ask(fetchApi, version, fetchRequest(topic, options));
  return only(responses).partitions[0]!;
}

export const batchesOf = ({ records }: FetchedPartition): RecordBatch[] =>
  RecordBatch.readAll(records ?? Buffer.alloc(0));

/** Values of the records of uncompressed batches, as text. */
export const valuesOf = (fetched: FetchedPartition): (string | undefined)[] =>
  batchesOf(fetched)
    .filter(({ isControl }) => !isControl)
    .flatMap((batch) => {
      const values: (string | undefined)[] = [];
      const cursor = batch.records();
      assert.ok(!(cursor instanceof Promise), 'a compressed batch');
      while (cursor.next()) values.push(cursor.value?.toString());
      return values;
    });

export const EARLIEST = -2;
export const LATEST = -1;
export const GREATEST_TIMESTAMP = -3;

interface ListOptions {
  readonly partition?: number;
  readonly isolationLevel?: number;
  readonly currentLeaderEpoch?: number;
  readonly version?: number;
}

/** The offset at a timestamp, or at one of the three special ones. */
export async function listOffset(
  broker: ContractBroker,
  topic: string,
  timestamp: number,
  { partition = 0, isolationLevel = 0, currentLeaderEpoch = -1, version }: ListOptions = {},
): Promise<ListedPartition> {
  const topics = [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch, timestamp }] }];
  const answer = await broker.ask(listOffsetsApi, { replicaId: -1, isolationLevel, topics }, version);
  return only(answer.topics).partitions[0]!;
}

type Deleted = DeleteRecordsResponse['topics'][number]['partitions'][number];

/** Makes partition 0 forget what lies below an offset. */
export async function deleteRecords(
  broker: ContractBroker,
  topic: string,
  offset: number,
  partition = 0,
): Promise<Deleted> {
  const topics = [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }];
  const answer = await broker.ask(deleteRecordsApi, { topics, timeoutMs: TIMEOUT_MS });
  return only(only(answer.topics).partitions);
}

/** Of an answer to a request about one thing. */
export function only<T>(all: readonly T[]): T {
  assert.equal(all.length, 1);
  return all[0]!;
}
