import { errorCodes, type Api } from '@hearken/protocol';
import { Recorder } from '@hearken/testing';
import type { TopicMetadata } from '../../../dist/cluster/metadata.js';
import type { ConsumerCluster } from '../../../dist/consumer/consumer-context.js';
import { brokerError, KafkaConnectionError } from '../../../dist/errors.js';

/** A request that reached the fake broker. */
export interface Sent<Request = unknown> {
  readonly nodeId: number;
  readonly role: string;
  readonly api: string;
  readonly version: number;
  readonly request: Request;
  readonly timeoutMs: number | undefined;
}

export type Answer<Request, Response> = (request: Request, sent: Sent<Request>) => Response | Promise<Response>;

/** A cluster that answers as a test says, request by request, and keeps what it was asked. */
export class FakeCluster implements ConsumerCluster {
  readonly sent = new Recorder<Sent>();
  /** Node id of the group's coordinator. */
  coordinatorId = 1;
  readonly forgotten = new Recorder<string>();
  /** Of all leaders. */
  leaderEpoch = 5;
  /** The highest version of an API that its brokers speak, by name. @default ours */
  readonly versions = new Map<string, number>();
  readonly #answers = new Map<string, Answer<never, unknown>[]>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly refreshed = new Recorder<readonly string[]>();
  /** What the next `refresh` finds instead of what was known. */
  readonly #coming: (() => void)[] = [];

  readonly metadata: ConsumerCluster['metadata'] & { revision: number } = {
    revision: 0,
    topic: (name) => this.#topics.get(name),
    refresh: (topics) => {
      for (const change of this.#coming.splice(0)) change();
      this.refreshed.record(topics ?? []);
      return Promise.resolve();
    },
    ensure: (name) => {
      const topic = this.#topics.get(name);
      if (topic !== undefined) return Promise.resolve(topic);
      return Promise.reject(brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name}`));
    },
    allTopics: () => Promise.resolve([...this.#topics.keys()]),
  };

  /** Ids of topics, for brokers that tell them; to be set before `topic`. */
  readonly topicIds = new Map<string, string>();

  /** A topic whose partitions are led by these nodes; -1 is no leader. */
  topic(name: string, ...leaders: readonly number[]): this {
    this.metadata.revision++;
    this.#topics.set(name, {
      name,
      topicId: this.topicIds.get(name),
      errorCode: 0,
      isInternal: false,
      fetchedAt: 0,
      partitions: leaders.map((leader, partition) => ({
        partition,
        errorCode: 0,
        leader,
        leaderEpoch: this.leaderEpoch,
        replicas: [leader],
        isr: [leader],
      })),
    });
    return this;
  }

  /** The same, but not before somebody asks anew. */
  topicAfterRefresh(name: string, ...leaders: readonly number[]): void {
    this.#coming.push(() => void this.topic(name, ...leaders));
  }

  /** How requests of this API are answered: the first by the first, …, and from then on by the last. */
  answer<Request, Response>(api: Api<Request, Response>, ...answers: readonly Answer<Request, Response>[]): this {
    this.#answers.set(api.name, [...answers]);
    return this;
  }

  /** The requests of one API so far. */
  requests<Request>(api: Api<Request, unknown>): readonly Sent<Request>[] {
    return this.sent.items.filter((sent) => sent.api === api.name) as readonly Sent<Request>[];
  }

  /** Resolves with the n-th request of an API, from 1, when it was sent. */
  async request<Request>(api: Api<Request, unknown>, n = 1): Promise<Sent<Request>> {
    for (;;) {
      const sent = this.requests(api)[n - 1];
      if (sent !== undefined) return sent;
      await this.sent.next();
    }
  }

  async send<Request, Response>(
    nodeId: number,
    role: string,
    api: Api<Request, Response>,
    request: Request | ((version: number) => Request),
    options: { readonly timeoutMs?: number | undefined; readonly maxVersion?: number | undefined } = {},
  ): Promise<Response> {
    await Promise.resolve(); // as a real one: what it sends is made when it is written
    const version = Math.min(api.maxVersion, options.maxVersion ?? Infinity, this.versions.get(api.name) ?? Infinity);
    const made = typeof request === 'function' ? (request as (version: number) => Request)(version) : request;
    const sent = { nodeId, role, api: api.name, version, request: made, timeoutMs: options.timeoutMs };
    this.sent.record(sent);
    const answers = this.#answers.get(api.name) ?? [];
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) as Answer<Request, Response> | undefined;
    if (answer === undefined) throw new Error(`nobody said how ${api.name} is answered`);
    return answer(made, sent);
  }

  askAny<Request, Response>(
    role: string,
    api: Api<Request, Response>,
    request: Request | ((version: number) => Request),
    options?: { readonly timeoutMs?: number | undefined },
  ): Promise<Response> {
    return this.send(this.coordinatorId, role, api, request, options);
  }

  coordinator(): Promise<number> {
    return Promise.resolve(this.coordinatorId);
  }

  forgetCoordinator(groupId: string): void {
    this.forgotten.record(groupId);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const disconnected = (): Promise<never> =>
  Promise.reject(new KafkaConnectionError('closed', { code: 'CONNECTION_CLOSED' }));

/** The broker holds the answer back for ever, or until the test ends it. */
export const held = (): Promise<never> => new Promise(() => undefined);
