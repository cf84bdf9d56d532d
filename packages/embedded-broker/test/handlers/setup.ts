import {
  encodeRecordBatch,
  fetchApi,
  produceApi,
  type FetchRequest,
  type FetchResponse,
  type ProduceResponse,
} from '@hearken/protocol';
import { ManualClock, RecordingLogger } from '@hearken/testing';
import { EmbeddedKafka, type EmbeddedKafkaOptions } from '../../dist/index.js';
import { RawClient } from '../raw-client.js';

export interface Setup {
  readonly kafka: EmbeddedKafka;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  /** A connection to each broker, by node id. */
  readonly clients: readonly RawClient[];
  /** To broker 1. */
  readonly client: RawClient;
  /** Another to broker 1: for what is to happen while the first one waits. */
  readonly other: RawClient;
}

const running: EmbeddedKafka[] = [];
/** For `afterEach`. */
export const stopAll = (): Promise<unknown> => Promise.all(running.splice(0).map((kafka) => kafka.stop()));

/** Brokers whose time stands still, and connections to them. */
export async function setup(options: EmbeddedKafkaOptions = {}): Promise<Setup> {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const kafka = await EmbeddedKafka.start({ clock, logger, ...options });
  running.push(kafka);
  const [other, ...clients] = await Promise.all(
    [kafka.brokers[0]!, ...kafka.brokers].map((at) => RawClient.connect(at)),
  );
  return { kafka, clock, logger, clients, client: clients[0]!, other: other! };
}

export const aBatch = (...values: readonly string[]): Buffer =>
  encodeRecordBatch(
    values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 1_000 })),
    { compression: 'none' },
  );

export interface Produced {
  readonly topic?: string;
  readonly partition?: number;
  readonly acks?: number;
  readonly version?: number;
}

type PartitionProduced = ProduceResponse['responses'][number]['partitionResponses'][number];

/** Produces one batch; answers what is said of its partition. */
export async function produce(
  client: RawClient,
  records: Buffer | null,
  { topic = 'orders', partition = 0, acks = -1, version = 9 }: Produced = {},
): Promise<PartitionProduced> {
  const response = await client.send(produceApi, version, {
    transactionalId: null,
    acks,
    timeoutMs: 1_000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  });
  return response.responses[0]!.partitionResponses[0]!;
}

type AskedPartition = Partial<FetchRequest['topics'][number]['partitions'][number]>;

export interface Fetched extends Partial<FetchRequest> {
  readonly version?: number;
  readonly partitions?: readonly AskedPartition[];
  readonly topic?: string;
  readonly topicId?: string;
}

export function fetch(client: RawClient, fetched: Fetched = {}): Promise<FetchResponse> {
  const { version = 12, partitions = [{}], topic = 'orders', topicId = 'AAAAAAAAAAAAAAAAAAAAAA', ...request } = fetched;
  return client.send(fetchApi, version, {
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, topicId, partitions: partitions.map((partition) => ({ ...DEFAULTS, ...partition })) }],
    forgottenTopicsData: [],
    rackId: '',
    ...request,
  });
}

const DEFAULTS = {
  partition: 0,
  currentLeaderEpoch: -1,
  fetchOffset: 0,
  lastFetchedEpoch: -1,
  logStartOffset: -1,
  partitionMaxBytes: 1_000_000,
};

/** What a fetch says of each partition, in order. */
export const partitionsOf = (response: FetchResponse): FetchResponse['responses'][number]['partitions'] =>
  response.responses.flatMap(({ partitions }) => partitions);
