import { randomUUID } from 'node:crypto';
import {
  KafkaError,
  type Bytes,
  type Clock,
  type ConsumerRecord,
  type Logger,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@hearken/core';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { OwnerMarkers } from './owner-markers.js';
import { generationIn, metadataWith } from './parked-commit.js';
import { ParkedKeys, type ParkedRecord } from './parked-keys.js';
import {
  endMarkerOf,
  flightOf,
  generationOf,
  isForeign,
  originalOffsetOf,
  ownerMarkOf,
  unparked,
  type OwnerMark,
} from './parked-record.js';
import type { ParkedReader, ParkedStart } from './read-parked.js';

/** So many offsets read for nothing are committed, so that nobody reads them again. */
const IN_VAIN = 1_000;

/** What the logs of a container's parked partitions share. */
export interface ParkedLogHost {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
  readonly groupId: string | undefined;
  readonly suffix: string;
  /** By which records are ordered; of one that was parked, as it was before. */
  readonly keyOf: (record: ConsumerRecord) => Bytes;
  /** Whether records of no key wait for each other. */
  readonly ordersNullKeys: boolean;
}

/** What one owner of a partition makes of the log of its parked partition. */
export class ParkedLog implements ParkedReader {
  /** The parked one. */
  readonly topic: string;
  readonly partition: number;
  keys = new ParkedKeys();
  /** Where work begins. */
  from = 0;
  /** What stands from here on came after the log was read. */
  to = 0;
  /** Where the owner's marker stands; -1 if nobody knows. */
  markedAt = -1;
  /** Whether records of no key and no order were found. */
  hasLoose = false;
  /** As the owner begins: no other's is the same. */
  readonly mark: OwnerMark;
  readonly #host: ParkedLogHost;
  readonly #ownTopic: string;
  #markers = new OwnerMarkers();
  /** Whether all other owners that are known of are of lower generations. */
  #isNewest = false;
  /** So far late records have been told of. */
  #lateTo = -1;
  /** Why it is not the log any more that was read. */
  #gone: KafkaError | undefined;

  /** @param generation of the group, when the partition was assigned */
  constructor(host: ParkedLogHost, { topic, partition }: TopicPartition, generation: number) {
    this.#host = host;
    this.#ownTopic = topic;
    this.topic = topic + host.suffix;
    this.partition = partition;
    this.mark = { owner: randomUUID(), generation };
  }

  /** By which the owner signs what it parks; undefined if it must not. */
  get signature(): number | undefined {
    return this.#isNewest ? this.mark.generation : undefined;
  }

  /** What is kept with this offset when it is committed. */
  metadataAt(offset: number): string | undefined {
    return metadataWith(this.#markers.before(offset));
  }

  /**
   * A topic that was deleted and made anew begins at 0: what is parked there would be passed over, as it stands where the log
   * had been read. So nothing is parked, and nothing worked off, from when that is known; the next owner reads it anew.
   * @param at where a record was written: not ahead of where the log ended
   * @throws KafkaError `PARKED_TOPIC_RESET`
   */
  requireSame(at = -1): void {
    if (at >= 0 && at < this.to) this.gone();
    if (this.#gone !== undefined) throw this.#gone;
  }

  /** It is another one, or lost its end. */
  gone(): KafkaError {
    const what = 'a parked topic was deleted and made anew, or lost its end, and with it what was parked there';
    return (this.#gone ??= new KafkaError(`${what}: ${this.topic}`, { code: 'PARKED_TOPIC_RESET' }));
  }

  /** Where to begin next time, if much was read and all of it is done. */
  get readInVain(): TopicPartitionOffset | undefined {
    const { topic, partition, to: offset } = this;
    if (this.keys.size > 0 || this.hasLoose || offset - this.from < IN_VAIN) return undefined;
    const metadata = this.metadataAt(offset);
    return { topic, partition, offset, ...(metadata === undefined ? {} : { metadata }) };
  }

  missed(offsets: number): void {
    const { logger, counters, events } = this.#host;
    const { topic, partition } = this;
    const what = 'the parked topic deleted records before they were worked off: its retention is too short';
    logger.error({ topic, partition, offsets }, what);
    counters.parkedMissing += offsets;
    events.emit('parked:missing', { topic: this.#ownTopic, partition, offsets });
  }

  begin({ from, readFrom, metadata }: ParkedStart): void {
    const generation = generationIn(metadata);
    this.keys = new ParkedKeys(from, readFrom); // it may be the second try
    this.#markers = new OwnerMarkers(generation);
    this.#isNewest = generation < this.mark.generation;
    this.hasLoose = false;
    this.from = from;
  }

  read(record: ConsumerRecord): void {
    const { offset, key } = record;
    if (isForeign(record, this.#host.groupId)) return;
    const mark = ownerMarkOf(record);
    const through = endMarkerOf(record);
    if (mark !== undefined) this.#began(offset, mark);
    else if (through !== undefined) this.keys.find(offset, { kind: 'end', key, through });
    else if (this.isLate(record)) this.#findLate(record);
    else this.#find(record);
  }

  end(to: number): number | undefined {
    this.to = to;
    const { missingFrom } = this.keys;
    this.keys.foundAll(to, this.#host.clock.now());
    return missingFrom;
  }

  /** A marker, of another owner or of a key, that came after the log was read. */
  passed(record: ConsumerRecord): void {
    const mark = isForeign(record, this.#host.groupId) ? undefined : ownerMarkOf(record);
    if (mark !== undefined) this.#markers.add({ at: record.offset, generation: mark.generation });
  }

  /** Whether the worker has to pass over a record that it comes to, in the order of the record's key. */
  isDone(record: ConsumerRecord, parked: ParkedRecord): boolean {
    if (!this.isLate(record))
      return this.isOrdered(parked.key) && !this.keys.reached(record.offset, parked, this.#host.clock.now());
    if (record.offset >= this.to) this.#tellLate(record); // else it was told
    return true;
  }

  /** Not what this owner signed: it may be the owner no more, and not know that. Whoever parked a record relies on working it off. */
  isLate(record: ConsumerRecord): boolean {
    const generation = generationOf(record);
    return generation !== this.signature && this.#markers.isLate(record.offset, generation);
  }

  isOrdered(key: Bytes): boolean {
    return key !== null || this.#host.ordersNullKeys;
  }

  /** @param own the record as it was */
  parkedRecord(record: ConsumerRecord, own: ConsumerRecord): ParkedRecord {
    return { key: this.#host.keyOf(own), original: originalOffsetOf(record), flight: flightOf(record) };
  }

  #began(at: number, { owner, generation }: OwnerMark): void {
    this.#markers.add({ at, generation });
    if (owner !== this.mark.owner) this.#isNewest &&= generation < this.mark.generation;
  }

  #find(record: ConsumerRecord): void {
    const found = this.parkedRecord(record, unparked(record));
    if (this.isOrdered(found.key)) this.keys.find(record.offset, { kind: 'record', ...found });
    else if (record.offset >= this.from) this.hasLoose = true;
  }

  /** Once, however often it is read; what stands ahead of where work begins is done. */
  #findLate(record: ConsumerRecord): void {
    if (record.offset < this.from || record.offset <= this.#lateTo) return;
    this.#lateTo = record.offset;
    this.#tellLate(record);
  }

  #tellLate(record: ConsumerRecord): void {
    const { logger, counters } = this.#host;
    const { topic, partition } = this;
    counters.parkedLate++;
    const place = { topic, partition, offset: record.offset, original: originalOffsetOf(record) };
    logger.info(
      place,
      'a record that was parked too late, by who had lost its partition, is passed over: it came straight',
    );
  }
}
