import {
  errorCodes,
  RecordBatch,
  type Api,
  type InitProducerIdResponse,
  type ProduceRequest,
  type ProduceResponse,
} from '@hearken/protocol';
import type { TopicMetadata } from '../../../dist/cluster/metadata.js';
import { KafkaConnectionError, RequestTimeoutError } from '../../../dist/errors.js';
import type { ProducerCluster } from '../../../dist/producer/producer-cluster.js';
import { answerTo, type PartitionResponse } from './fake-cluster.js';
import { FakePartitionLog, valuesOf } from './fake-partition-log.js';

/** A request on its way: handed over, then processed by the broker, then answered. */
interface Exchange {
  readonly request: ProduceRequest;
  readonly resolve: (answer: ProduceResponse) => void;
  readonly reject: (error: Error) => void;
  answer: ProduceResponse | undefined;
}

/** An InitProducerId request that waits for its answer. */
interface Asked {
  readonly resolve: (response: InitProducerIdResponse) => void;
  readonly reject: (error: Error) => void;
}

/**
 * - answered: with a producer id
 * - refused: the principal may not have one
 * - lost: nobody answers in time
 */
export type IdentityEnd = 'answered' | 'refused' | 'lost';

/** How a broker fails for one batch, and whether it has appended it by then. */
export interface Fault {
  readonly errorCode: number;
  readonly isAppended: boolean;
}

const { CLUSTER_AUTHORIZATION_FAILED, NOT_LEADER_OR_FOLLOWER, MESSAGE_TOO_LARGE, INVALID_RECORD } = errorCodes;

/** What a batch may take on the wire. */
const MAX_BATCH_BYTES = 260;

/**
 * Brokers and the network to them, a step at a time: a request is processed, answered or lost when the test says so. What
 * was on a connection that breaks may still be in the broker's hands (a stray) and be processed at any later time.
 */
export class ModelCluster implements ProducerCluster {
  /** By partition of topic `t`. */
  readonly leaders = [1, 1];
  readonly logs = [new FakePartitionLog(), new FakePartitionLog()];
  /** For the batches that are processed next, one each. */
  readonly faults: Fault[] = [];
  /** In order per node: a broker processes the requests of a connection one by one. */
  readonly #connections = new Map<number, Exchange[]>();
  #strays: { readonly nodeId: number; readonly request: ProduceRequest }[][] = [];
  #known: TopicMetadata | undefined;
  #identities = 0;
  /** InitProducerId requests wait for {@link identify}. */
  areIdentitiesLate = false;
  readonly #asked: Asked[] = [];

  readonly metadata: ProducerCluster['metadata'] = {
    topic: () => this.#known,
    ageMs: () => 0,
    forget: () => undefined,
    refresh: () => Promise.resolve(void (this.#known = this.#describe())),
    ensure: () => Promise.resolve((this.#known = this.#describe())),
  };

  send<Rq, Rs>(nodeId: number, _role: string, _api: Api<Rq, Rs>, request: unknown): Promise<Rs> {
    return new Promise<ProduceResponse>((resolve, reject) => {
      this.#connection(nodeId).push({ request: request as ProduceRequest, resolve, reject, answer: undefined });
    }) as Promise<Rs>;
  }

  async sendToAny<Rs>(): Promise<Rs> {
    const response = new Promise<InitProducerIdResponse>((resolve, reject) => this.#asked.push({ resolve, reject }));
    if (!this.areIdentitiesLate) this.identify('answered');
    return (await response) as Rs;
  }

  /** What becomes of the InitProducerId requests that wait. */
  identify(end: IdentityEnd): void {
    for (const { resolve, reject } of this.#asked.splice(0)) {
      if (end === 'lost') {
        reject(new RequestTimeoutError('no answer'));
      } else if (end === 'refused') {
        resolve({ throttleTimeMs: 0, errorCode: CLUSTER_AUTHORIZATION_FAILED, producerId: -1, producerEpoch: -1 });
      } else {
        resolve({ throttleTimeMs: 0, errorCode: 0, producerId: 1000 + this.#identities++, producerEpoch: 0 });
      }
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Requests without an answer, of any node. */
  get unanswered(): number {
    return [...this.#connections.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Batches of the partition in requests without an answer. */
  inFlight(partition: number): number {
    const requests = [...this.#connections.values()].flat();
    const batches = requests.flatMap(({ request }) => request.topicData.flatMap(({ partitionData }) => partitionData));
    return batches.filter(({ index }) => index === partition).length;
  }

  /** The node processes the next request it has. */
  process(nodeId: number): void {
    const next = this.#connection(nodeId).find(({ answer }) => answer === undefined);
    if (next !== undefined) next.answer = this.#append(nodeId, next.request);
  }

  /** The oldest answer of the node arrives. */
  answer(nodeId: number): void {
    const [first] = this.#connection(nodeId);
    if (first?.answer === undefined) return;
    this.#connection(nodeId).shift();
    first.resolve(first.answer);
  }

  /** The connection breaks: no answer arrives any more. */
  cut(nodeId: number, { areStrays, isTimeOut }: { readonly areStrays: boolean; readonly isTimeOut: boolean }): void {
    const lost = this.#connection(nodeId).splice(0);
    const unprocessed = lost.filter(({ answer }) => answer === undefined);
    if (areStrays && unprocessed.length > 0) this.#strays.push(unprocessed.map(({ request }) => ({ nodeId, request })));
    for (const { reject } of lost) {
      if (isTimeOut) reject(new RequestTimeoutError('no answer'));
      else reject(new KafkaConnectionError('closed', { code: 'CONNECTION_CLOSED' }));
    }
  }

  /** The broker is stopped and started: what it had not processed is gone, and so is some of what it knew. */
  restart(nodeId: number): void {
    this.cut(nodeId, { areStrays: false, isTimeOut: false });
    for (const [partition, log] of this.logs.entries()) if (this.leaders[partition] === nodeId) log.reloadProducers();
  }

  /** A broker comes upon the next request of a connection that is long gone. */
  processStray(which: number): void {
    const next = this.#strays[which % Math.max(1, this.#strays.length)]?.shift();
    if (next !== undefined) this.#append(next.nodeId, next.request);
    this.#strays = this.#strays.filter(({ length }) => length > 0);
  }

  get strays(): number {
    return this.#strays.length;
  }

  #connection(nodeId: number): Exchange[] {
    const exchanges = this.#connections.get(nodeId) ?? [];
    this.#connections.set(nodeId, exchanges);
    return exchanges;
  }

  #append(nodeId: number, request: ProduceRequest): ProduceResponse {
    return answerTo(request, (_topic, partition, records) => {
      const log = this.logs[partition];
      if (log === undefined || this.leaders[partition] !== nodeId) return failed(NOT_LEADER_OR_FOLLOWER);
      const fault = this.faults.shift();
      if (fault?.isAppended === false) return failed(fault.errorCode);
      const answer = judge(records) ?? log.append(records);
      return fault === undefined || answer.errorCode !== 0 ? answer : failed(fault.errorCode);
    });
  }

  #describe(): TopicMetadata {
    const partitions = this.leaders.map((leader, partition) => ({
      partition,
      leader,
      errorCode: 0,
      leaderEpoch: 0,
      replicas: [],
      isr: [],
    }));
    return { name: 't', topicId: 'a', errorCode: 0, isInternal: false, fetchedAt: 0, partitions };
  }
}

const failed = (errorCode: number): Pick<PartitionResponse, 'errorCode' | 'baseOffset'> => ({
  errorCode,
  baseOffset: -1,
});

/** What `UnifiedLog.append` looks at before it looks at sequences. Values that begin with an x are bad. */
function judge(records: Buffer): (Partial<PartitionResponse> & { readonly errorCode: number }) | undefined {
  if (records.length > MAX_BATCH_BYTES) return failed(MESSAGE_TOO_LARGE);
  const bad = RecordBatch.readAll(records)
    .flatMap(valuesOf)
    .flatMap((value, index) => (value.startsWith('x') ? [index] : []));
  if (bad.length === 0) return undefined;
  const recordErrors = bad.map((batchIndex) => ({ batchIndex, batchIndexErrorMessage: 'bad' }));
  return { ...failed(INVALID_RECORD), recordErrors };
}
