import {
  errorCodes,
  type Api,
  type InitProducerIdResponse,
  type ProduceRequest,
  type ProduceResponse,
} from '@hearken/protocol';
import { Recorder, Signal } from '@hearken/testing';
import type { PartitionMetadata, TopicMetadata } from '../../../dist/cluster/metadata.js';
import { brokerError, KafkaConnectionError, RequestTimeoutError } from '../../../dist/errors.js';
import type { ProducerCluster } from '../../../dist/producer/producer-cluster.js';
import { FakePartitionLog } from './fake-partition-log.js';

export type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number];

/** Answers one Produce request; `serve` appends it as a broker would and makes the answer. */
export type ProduceScript = (
  serve: () => ProduceResponse,
  request: ProduceRequest,
) => ProduceResponse | Promise<ProduceResponse>;

/** The broker has written it, the answer is lost. */
export const loseAnswer: ProduceScript = (serve) => {
  serve();
  return Promise.reject(new KafkaConnectionError('closed', { code: 'CONNECTION_CLOSED' }));
};
/** It was on its way and never arrived: for the client the same as {@link loseAnswer}. */
export const loseRequest: ProduceScript = () =>
  Promise.reject(new KafkaConnectionError('closed', { code: 'CONNECTION_CLOSED' }));
export const timeOut: ProduceScript = () => Promise.reject(new RequestTimeoutError('no answer'));
export const noConnection: ProduceScript = () =>
  Promise.reject(new KafkaConnectionError('refused', { code: 'CONNECTION_FAILED' }));

/** Nothing is written; every partition, or those the predicate names, are answered with the error. */
export const refuse =
  (errorCode: number, more: Partial<PartitionResponse> = {}): ProduceScript =>
  (_serve, request) =>
    answerTo(request, () => ({ errorCode, baseOffset: -1, ...more }));

/** It is written at once; holds the answer back until `release.fire()`. */
export function hold(): { readonly script: ProduceScript; readonly release: Signal } {
  const release = new Signal();
  const script: ProduceScript = async (serve) => {
    const answer = serve();
    await release.wait();
    return answer;
  };
  return { release, script };
}

export function answerTo(
  { topicData }: ProduceRequest,
  judge: (topic: string, partition: number, records: Buffer) => Partial<PartitionResponse>,
): ProduceResponse {
  return {
    throttleTimeMs: 0,
    responses: topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }) => ({
        index,
        errorCode: 0,
        baseOffset: 0,
        logAppendTimeMs: -1,
        logStartOffset: 0,
        recordErrors: [],
        errorMessage: null,
        ...judge(name, index, records!),
      })),
    })),
  };
}

export interface ProduceCall {
  readonly nodeId: number;
  readonly request: ProduceRequest;
  readonly expectResponse: boolean;
}

/** A cluster whose brokers keep logs, and answer as the next script says, or else well. */
export class FakeCluster implements ProducerCluster {
  readonly calls = new Recorder<ProduceCall>();
  /** For the coming Produce requests, one each. */
  readonly scripts: ProduceScript[] = [];
  /** Errors for the coming InitProducerId requests, 0 for none; then ids from 1000 are given. */
  readonly identityErrors: (number | Error)[] = [];
  /** What the coming InitProducerId requests wait for before they are answered. */
  readonly identityDelays: (() => Promise<void>)[] = [];
  /** For the coming metadata requests: what each waits for, or rejects with. */
  readonly metadataScripts: (() => Promise<void>)[] = [];
  readonly #logs = new Map<string, FakePartitionLog>();
  readonly #leaders = new Map<string, number[]>();
  readonly #known = new Map<string, TopicMetadata>();
  readonly #incarnations = new Map<string, number>();
  identities = 0;
  metadataRequests = 0;
  metadataAgeMs = 0;
  closed = false;

  /** @param leaders node id by partition; -1 for none */
  setTopic(name: string, leaders: readonly number[]): void {
    this.#leaders.set(name, [...leaders]);
  }

  /** The topic is deleted and made anew under its name: another id, empty logs. */
  makeAnew(name: string, leaders: readonly number[]): void {
    this.setTopic(name, leaders);
    this.#incarnations.set(name, this.#incarnation(name) + 1);
    for (const key of [...this.#logs.keys()]) if (key.startsWith(`${name}:`)) this.#logs.delete(key);
  }

  deleteTopic(name: string): void {
    this.#leaders.delete(name);
  }

  log(topic: string, partition: number): FakePartitionLog {
    const key = `${topic}:${partition}`;
    const log = this.#logs.get(key) ?? new FakePartitionLog();
    this.#logs.set(key, log);
    return log;
  }

  /** The batches of the calls so far: which partitions each request held. */
  get requested(): string[][] {
    return this.calls.items.map(({ request }) =>
      request.topicData.flatMap(({ name, partitionData }) => partitionData.map(({ index }) => `${name}-${index}`)),
    );
  }

  readonly metadata = {
    topic: (name: string): TopicMetadata | undefined => this.#known.get(name),
    ageMs: (): number => this.metadataAgeMs,
    forget: (name: string): void => void this.#known.delete(name),
    refresh: async (topics: readonly string[] = []): Promise<void> => {
      this.metadataRequests++;
      await this.metadataScripts.shift()?.();
      for (const name of topics) this.#known.set(name, this.#describe(name));
    },
    ensure: async (name: string): Promise<TopicMetadata> => {
      await this.metadata.refresh([name]);
      const topic = this.#describe(name);
      if (topic.errorCode !== 0) throw brokerError(topic.errorCode, `topic ${name}`);
      return topic;
    },
  };

  async send<Rq, Rs>(
    nodeId: number,
    _role: string,
    _api: Api<Rq, Rs>,
    request: unknown,
    options: { expectResponse?: boolean | undefined } = {},
  ): Promise<Rs> {
    const produced = request as ProduceRequest;
    this.calls.record({ nodeId, request: produced, expectResponse: options.expectResponse !== false });
    const serve = (): ProduceResponse => this.#append(produced);
    return (await (this.scripts.shift() ?? serve)(serve, produced)) as Rs;
  }

  async sendToAny<Rs>(): Promise<Rs> {
    const error = this.identityErrors.shift();
    await this.identityDelays.shift()?.();
    if (error instanceof Error) throw error;
    const producerId = (error ?? 0) === 0 ? 1000 + this.identities++ : -1;
    const response: InitProducerIdResponse = {
      throttleTimeMs: 0,
      errorCode: error ?? 0,
      producerId,
      producerEpoch: 0,
    };
    return response as Rs;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #append(request: ProduceRequest): ProduceResponse {
    return answerTo(request, (topic, partition, records) => this.log(topic, partition).append(records));
  }

  #incarnation(name: string): number {
    return this.#incarnations.get(name) ?? 1;
  }

  #describe(name: string): TopicMetadata {
    const leaders = this.#leaders.get(name);
    return {
      name,
      topicId: `${name} ${this.#incarnation(name)}`,
      errorCode: leaders === undefined ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : 0,
      isInternal: false,
      fetchedAt: 0,
      partitions: (leaders ?? []).map((leader, partition): PartitionMetadata => ({
        partition,
        leader,
        errorCode: 0,
        leaderEpoch: 0,
        replicas: [leader],
        isr: [leader],
      })),
    };
  }
}
