import type { Clock } from '@hearken/core';
import { deferred, describe, type Deferred } from '@hearken/core/internal';
import { errorCodes, isRetriableError, type MetadataRequest, type MetadataResponse } from '@hearken/protocol';
import { brokerError, KafkaBrokerError } from '../errors.js';
import { backOffMs } from './back-off.js';
import type { Pauses } from './pauses.js';

/** One partition, as the brokers told it last. */
export interface PartitionMetadata {
  readonly partition: number;
  readonly errorCode: number;
  /** Node id; -1 while there is no leader. */
  readonly leader: number;
  /** -1 if the broker does not tell (Metadata before version 7). */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** One topic, as the brokers told it last. */
export interface TopicMetadata {
  readonly name: string;
  /** Undefined before Metadata version 10. A topic made anew under the same name has another id. */
  readonly topicId: string | undefined;
  /** 0, or Kafka's number of what is wrong with the whole topic; `partitions` is empty then. */
  readonly errorCode: number;
  readonly isInternal: boolean;
  /** In order of the partition numbers, which have no gaps. */
  readonly partitions: readonly PartitionMetadata[];
  /** When it was fetched, on the monotonic clock. */
  readonly fetchedAt: number;
}

const { INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION } = errorCodes;
const NO_TOPIC_ID = 'A'.repeat(22);

/** After Kafka's `Topic.validate`. */
const TOPIC_NAME = /^(?!\.{1,2}$)[\w.-]{1,249}$/;

/** A topic that was asked for may be made by the broker just then; on Kafka 4 it takes a moment until it has leaders. */
const CREATION_TIMEOUT_MS = 10_000;

export interface MetadataOptions {
  readonly clock: Clock;
  readonly metadataMaxAgeMs: number;
  readonly allowAutoTopicCreation: boolean;
}

interface Round {
  readonly topics: Set<string>;
  readonly done: Deferred<void>;
}

/** What is known of topics: a cache, and the requests that fill it, one at a time. */
export class Metadata {
  readonly #options: MetadataOptions;
  readonly #pauses: Pauses;
  readonly #ask: (request: MetadataRequest) => Promise<MetadataResponse>;
  /** Undefined for a topic that is tracked and was not told of yet. */
  readonly #topics = new Map<string, TopicMetadata | undefined>();
  #revision = 0;
  #running: Round | undefined;
  /** Gathers what is asked for while a request is out that does not cover it. */
  #next: Round | undefined;

  /** @param ask sends a Metadata request to any node */
  constructor(options: MetadataOptions, pauses: Pauses, ask: (request: MetadataRequest) => Promise<MetadataResponse>) {
    this.#options = options;
    this.#pauses = pauses;
    this.#ask = ask;
  }

  /** What was told last, however old; a topic the broker does not know has its error code. */
  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  /** Another one whenever a topic may have been told anew. */
  get revision(): number {
    return this.#revision;
  }

  /** Milliseconds since the topic was fetched; Infinity if it never was. */
  ageMs(name: string): number {
    const fetchedAt = this.#topics.get(name)?.fetchedAt;
    return fetchedAt === undefined ? Infinity : this.#options.clock.monotonic() - fetchedAt;
  }

  /** The topic is tracked no longer, until somebody asks for it again. */
  forget(name: string): void {
    this.#revision++;
    this.#topics.delete(name);
  }

  /**
   * Fetches topics anew: these, which are tracked from now on, or all that are tracked. Calls at the same time share one
   * request. A topic's own error is kept with the topic; it does not reject.
   */
  refresh(topics: readonly string[] = [...this.#topics.keys()]): Promise<void> {
    for (const name of topics) if (!this.#topics.has(name)) this.#topics.set(name, undefined);
    if (this.#running !== undefined && topics.every((name) => this.#running?.topics.has(name))) {
      return this.#running.done.promise;
    }
    this.#next ??= this.#newRound();
    for (const name of topics) this.#next.topics.add(name);
    return this.#next.done.promise;
  }

  /**
   * The topic, from the cache while that is younger than `metadataMaxAgeMs`.
   * With auto-creation a topic that does not exist is waited for, up to 10 s; without, it rejects at once.
   * @throws KafkaBrokerError `UNKNOWN_TOPIC_OR_PARTITION`, `TOPIC_AUTHORIZATION_FAILED`, `INVALID_TOPIC_EXCEPTION`, …
   */
  async ensure(name: string): Promise<TopicMetadata> {
    const cached = this.topic(name);
    if (cached?.errorCode === 0 && this.ageMs(name) <= this.#options.metadataMaxAgeMs) return cached;
    const deadline = this.#options.clock.monotonic() + CREATION_TIMEOUT_MS;
    for (let failures = 1; ; failures++) {
      await this.refresh([name]);
      const topic = this.topic(name);
      if (topic?.errorCode === 0) return topic;
      const errorCode = topic?.errorCode ?? UNKNOWN_TOPIC_OR_PARTITION;
      const isFinal = !this.#mayStillCome(errorCode) || this.#options.clock.monotonic() >= deadline;
      if (isFinal) throw this.#topicError(name, errorCode);
      await this.#pauses.pause(backOffMs(failures, Math.random()));
    }
  }

  /** Every topic but Kafka's internal ones. Asked anew each time; makes none of them tracked. */
  async allTopics(): Promise<readonly string[]> {
    const { topics } = await this.#ask(metadataRequest(null, false));
    return topics.filter(({ errorCode, isInternal }) => errorCode === 0 && !isInternal).map(({ name }) => name ?? '');
  }

  /** A round begins when the one before has ended, and not before this turn has: what one turn asks for is one request. */
  #newRound(): Round {
    const round: Round = { topics: new Set(), done: deferred() };
    const before = this.#running?.done.promise ?? Promise.resolve();
    const run = (): void => void this.#run(round);
    before.then(run, run);
    return round;
  }

  async #run(round: Round): Promise<void> {
    this.#running = round;
    this.#next = undefined;
    const names = [...round.topics];
    try {
      this.#update(names, await this.#tellOf(names.filter(isTopicName)));
      this.#running = undefined;
      round.done.resolve();
    } catch (error) {
      this.#running = undefined;
      round.done.reject(error);
    }
  }

  /** Names that no topic can have are not asked for: one that cannot be written would fail the others' request. */
  async #tellOf(names: readonly string[]): Promise<MetadataResponse['topics']> {
    if (names.length === 0) return []; // a request without names would ask for something else
    return (await this.#ask(metadataRequest(names, this.#options.allowAutoTopicCreation))).topics;
  }

  #update(asked: readonly string[], topics: MetadataResponse['topics']): void {
    const fetchedAt = this.#options.clock.monotonic();
    this.#revision++;
    const told = new Map(topics.map((topic) => [topic.name, topic]));
    for (const name of asked) {
      const topic = told.get(name);
      const next: TopicMetadata = {
        name,
        topicId: topic?.topicId === NO_TOPIC_ID ? undefined : topic?.topicId,
        errorCode: topic?.errorCode ?? (isTopicName(name) ? UNKNOWN_TOPIC_OR_PARTITION : INVALID_TOPIC_EXCEPTION),
        isInternal: topic?.isInternal ?? false,
        partitions: (topic?.partitions ?? []).map(partitionOf).sort((a, b) => a.partition - b.partition),
        fetchedAt,
      };
      this.#topics.set(name, keepNewerLeaders(this.#topics.get(name), next));
    }
  }

  #mayStillCome(errorCode: number): boolean {
    if (errorCode === UNKNOWN_TOPIC_OR_PARTITION) return this.#options.allowAutoTopicCreation;
    return isRetriableError(errorCode);
  }

  #topicError(name: string, errorCode: number): KafkaBrokerError {
    if (errorCode === INVALID_TOPIC_EXCEPTION) {
      const rule = 'a name has 1 to 249 ASCII letters, digits, dots, underscores and hyphens, and is not . or ..';
      return new KafkaBrokerError(`${describe(name)} cannot be the name of a topic: ${rule}`, errorCode);
    }
    if (errorCode !== UNKNOWN_TOPIC_OR_PARTITION) return brokerError(errorCode, `topic ${name}`);
    const hint = this.#options.allowAutoTopicCreation
      ? 'the broker did not create it (auto.create.topics.enable may be off); create it first, by KafkaAdmin.createTopics'
      : 'it does not exist, or this client may not see it; create it first, by KafkaAdmin.createTopics';
    return brokerError(errorCode, `topic ${name}`, hint);
  }
}

const isTopicName = (name: unknown): boolean => typeof name === 'string' && TOPIC_NAME.test(name);

/** @param names null for every topic; empty for none, which tells the brokers alone (from version 1 on) */
export const metadataRequest = (names: readonly string[] | null, allowAutoTopicCreation: boolean): MetadataRequest => ({
  topics: names?.map((name) => ({ topicId: NO_TOPIC_ID, name })) ?? null,
  allowAutoTopicCreation,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
});

type WirePartition = MetadataResponse['topics'][number]['partitions'][number];

const partitionOf = (from: WirePartition): PartitionMetadata => ({
  partition: from.partitionIndex,
  errorCode: from.errorCode,
  leader: from.leaderId,
  leaderEpoch: from.leaderEpoch,
  replicas: from.replicaNodes,
  isr: from.isrNodes,
});

/** A broker that lags behind may name an old leader: then what is known already stays (KIP-320). */
function keepNewerLeaders(known: TopicMetadata | undefined, told: TopicMetadata): TopicMetadata {
  if (known === undefined || known.topicId !== told.topicId || told.errorCode !== 0) return told;
  const partitions = told.partitions.map((partition) => {
    const before = known.partitions[partition.partition];
    return before !== undefined && before.leaderEpoch > partition.leaderEpoch ? before : partition;
  });
  return { ...told, partitions };
}
