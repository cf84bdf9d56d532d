import { isKafkaError, KafkaError, type Clock, type Consumer, type Logger } from '@hearken/core';
import { describePartitions } from '@hearken/core/internal';
import { topicExists } from '../missing-topics.js';
import { requireAllAcks } from '../require-all-acks.js';
import { policiesOf, TopicSettings } from '../topic-settings.js';
import type { ParkedPartition } from './parked-partition.js';
import type { ParkingProperties } from './parking-properties.js';
import { readParked } from './read-parked.js';
import { unlessAborted } from './unless-aborted.js';

export interface ParkedReadingInit {
  readonly parking: Pick<Required<ParkingProperties>, 'template' | 'suffix'>;
  /** Of the group that commits parked topics. */
  readonly newConsumer: () => Consumer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A week: what brokers give topics of which nobody says anything. */
const SHORT_RETENTION_MS = 604_800_000;

/** What happens to partitions that are assigned before the first of their records is dispatched. */
export class ParkedReading {
  readonly #init: ParkedReadingInit;
  readonly #settings: TopicSettings;
  /** Parked topics that are set right, which are not asked about at every assignment. */
  readonly #setRight = new Set<string>();

  constructor(init: ParkedReadingInit) {
    this.#init = init;
    this.#settings = new TopicSettings(init.logger);
  }

  /**
   * Until it succeeds, as a consumer does that looks for its positions: a broker that is away for a while ends no container.
   * @returns false if it was interrupted
   */
  async read(partitions: readonly ParkedPartition[], signal: AbortSignal): Promise<boolean> {
    const { clock, logger } = this.#init;
    for (;;) {
      try {
        return await this.#read(partitions, signal);
      } catch (error) {
        if (signal.aborted) return false;
        if (!isKafkaError(error) || !(error.retriable || mayBeWritten(error))) throw error;
        logger.warn(
          { partitions: describePartitions(partitions.map(({ place }) => place)), error },
          'what is parked could not be marked and read, which is tried again',
        );
        await pause(clock, READ_AGAIN_MS, signal);
      }
    }
  }

  /** Marked first: what comes too late stands behind the marker. */
  async #read(partitions: readonly ParkedPartition[], signal: AbortSignal): Promise<boolean> {
    const consumer = this.#init.newConsumer();
    const wake = (): void => consumer.wakeup();
    signal.addEventListener('abort', wake);
    try {
      await requireAllAcks(this.#init.parking.template, 'parking');
      for (const topic of new Set(partitions.map(({ place }) => place.topic)))
        await unlessAborted(this.#check(consumer, topic), signal);
      if (signal.aborted) return false;
      await unlessAborted(Promise.all(partitions.map((partition) => partition.mark())), signal);
      const logs = partitions.map(({ log }) => log);
      if (!(await readParked(consumer, logs, signal))) return false;
      await this.#commitWhatWasInVain(consumer, partitions);
      return true;
    } finally {
      signal.removeEventListener('abort', wake);
      await consumer.close();
    }
  }

  async #check(consumer: Consumer, topic: string): Promise<void> {
    const { template, suffix } = this.#init.parking;
    if (topic.endsWith(suffix))
      throw new KafkaError(
        `${topic} has the suffix of parked topics (${suffix}), and its records would be parked once more: do not listen to it`,
        { code: 'PARKING_LOOP' },
      );
    const parkedTopic = topic + suffix;
    // A producer that asks for its partitions would make it, with the retention that topics here have.
    if (!(await topicExists(consumer, parkedTopic)))
      throw new KafkaError(
        `${parkedTopic} does not exist, where the records of ${topic} are to be parked: create it, with as many partitions, cleanup.policy=delete and retention.ms=-1`,
        { code: 'PARKED_TOPIC_MISSING' },
      );
    await this.#checkSettings(consumer, parkedTopic);
    const [own, parked] = await Promise.all([template.partitionsFor(topic), template.partitionsFor(parkedTopic)]);
    if (parked.length >= own.length) return;
    throw new KafkaError(
      `${parkedTopic} has ${parked.length} partitions and ${topic} has ${own.length}: it needs as many, as a record is parked in the partition of its own number`,
      { code: 'PARKED_TOPIC_MISMATCH' },
    );
  }

  async #checkSettings(consumer: Consumer, parkedTopic: string): Promise<void> {
    if (this.#setRight.has(parkedTopic)) return;
    const settings = await this.#settings.of(consumer, parkedTopic);
    const { 'cleanup.policy': policy, 'retention.ms': retention = '-1' } = settings;
    if (policy === undefined) return; // not told: it may be next time
    const policies = policiesOf(policy);
    if (policies.includes('compact'))
      throw new KafkaError(
        `${parkedTopic} has cleanup.policy=${policy}, and compaction deletes all but the last record of a parked key: set it to delete`,
        { code: 'PARKED_TOPIC_COMPACTED' },
      );
    const retentionMs = Number(retention);
    if (policies.includes('delete') && retentionMs >= 0 && retentionMs <= SHORT_RETENTION_MS)
      this.#settings.warnOnce(parkedTopic, { retentionMs }, SHORT_RETENTION);
    this.#setRight.add(parkedTopic);
  }

  /** What fails here is tried again at the next assignment. */
  async #commitWhatWasInVain(consumer: Consumer, partitions: readonly ParkedPartition[]): Promise<void> {
    const offsets = partitions.map(({ log }) => log.readInVain).filter((at) => at !== undefined);
    if (offsets.length === 0) return;
    try {
      await consumer.commit(offsets);
    } catch (error) {
      const details = { partitions: describePartitions(offsets), error };
      this.#init.logger.warn(details, 'what is done of parked topics is read again');
    }
  }
}

const READ_AGAIN_MS = 1_000;

/** A producer's error of which `retriable` says no for this alone: but a marker that is written twice says the same. */
const mayBeWritten = (error: KafkaError): boolean => 'mayBeWritten' in error && error.mayBeWritten === true;

const SHORT_RETENTION =
  'a parked topic deletes what is not worked off within its retention.ms, a week or less: -1 keeps it';

/** Resolves after so long, or as soon as the signal aborts. */
const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      timer.clear();
      resolve();
    };
    const timer = clock.setTimer(end, ms);
    signal.addEventListener('abort', end);
  });
