import { randomUUID } from 'node:crypto';
import type { Bytes, Clock, ConsumerRecord, Logger, TopicPartition, TopicPartitionOffset } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import type { StopOptions } from '../container-state.js';
import { isSkip } from '../failure/control-flow.js';
import type { Recoverer, RecoveryContext } from '../failure/error-handler.js';
import type { Called } from '../invoke/listener-invoker.js';
import type { MessageListenerContainer } from '../message-listener-container.js';
import type { Ownership } from '../offsets/ownership.js';
import type { Followers } from './followers.js';
import { OwnerMarkers } from './owner-markers.js';
import { generationIn, metadataWith } from './parked-commit.js';
import { ParkedKeys, type ParkedKey, type ParkedRecord } from './parked-keys.js';
import {
  endMarkerOf,
  flightOf,
  generationOf,
  isForeign,
  isWork,
  originalOffsetOf,
  ownerMarkOf,
  unparked,
  type OwnerMark,
} from './parked-record.js';
import { ParkedWriter, type ParkedWriterInit } from './parked-writer.js';
import type { ParkedReader, ParkedStart } from './read-parked.js';

/** So many offsets read for nothing are committed, so that nobody reads them again. */
const IN_VAIN = 1_000;

/** Where a partition's worker gets its records, and what it does with them. */
export interface ParkedWork {
  /** In the parked topic. */
  readonly partition: TopicPartition;
  readonly from: number;
  readonly listener: (record: ConsumerRecord, called: Called) => Promise<void>;
  readonly recoverer: Recoverer | undefined;
  /** What is kept with an offset that it commits. */
  readonly commitMetadata: (at: TopicPartitionOffset) => string | undefined;
}

/** What the parked partitions of a container share. */
export interface ParkedPartitionHost {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
  readonly groupId: string | undefined;
  readonly suffix: string;
  /** The container's. */
  readonly recoverer: Recoverer | undefined;
  /** By which records are ordered; of one that was parked, as it was before. */
  readonly keyOf: (record: ConsumerRecord) => Bytes;
  /** Whether records of no key wait for each other. */
  readonly ordersNullKeys: boolean;
  readonly send: ParkedWriterInit['send'];
  /** Calls the container's listener, with all that goes around it. */
  readonly listen: (
    record: ConsumerRecord,
    called: Called,
    at: { readonly key: Bytes; readonly epoch: number },
  ) => unknown;
  /** Resolves when a listener has ended that still runs for the record's key, from when that was parked; undefined if none does. */
  readonly whenFree: (record: ConsumerRecord) => Promise<void> | undefined;
  readonly newWorker: (work: ParkedWork) => MessageListenerContainer;
  readonly onFatal: (error: unknown) => void;
}

/**
 * The parked keys of one partition, from when it is assigned until it is given up: parks their records, works them off in a
 * container of their own, and hands the keys back. That container is made when there is something for it.
 */
// Long because the life of a parked record is one story, from where it is parked to where its key is free.
export class ParkedPartition implements ParkedReader {
  /** In the parked topic. */
  readonly topic: string;
  readonly partition: number;
  keys = new ParkedKeys();
  readonly #host: ParkedPartitionHost;
  readonly #writer: ParkedWriter;
  /** Of this ownership: nobody else's marker has it. */
  readonly #owner = randomUUID();
  /** Of the group, when the partition was assigned. */
  readonly #generation: number;
  #markers = new OwnerMarkers();
  /** Whether all other owners that are known of are of lower generations. */
  #isNewest = false;
  #epoch = 0;
  #from = 0;
  #to = 0;
  /** Whether records of no key and no order were found. */
  #hasLoose = false;
  #worker: MessageListenerContainer | undefined;
  #isPaused = false;
  #isClosing = false;
  /** Keys whose end marker is on its way, and who waits for it. */
  readonly #endings = new Map<ParkedKey, Deferred<void>>();
  /** Records that were worked off and whose attempt has not ended well: it may come again. */
  readonly #unsettled = new Set<number>();

  constructor(host: ParkedPartitionHost, { topic, partition }: TopicPartition, generation: number) {
    this.#host = host;
    this.topic = topic + host.suffix;
    this.partition = partition;
    this.#generation = generation;
    this.#writer = new ParkedWriter({ ...host, place: this.#place });
  }

  /** To be awaited before it is read. */
  mark(): Promise<void> {
    return this.#writer.mark({ owner: this.#owner, generation: this.#generation });
  }

  missed(offsets: number): void {
    const { logger, counters, events } = this.#host;
    const what = 'the parked topic deleted records before they were worked off: its retention is too short';
    logger.error({ ...this.#place, offsets }, what);
    counters.parkedMissing += offsets;
    events.emit('parked:missing', { topic: this.#ownTopic, partition: this.partition, offsets });
  }

  begin({ from, readFrom, metadata }: ParkedStart): void {
    const generation = generationIn(metadata);
    this.keys = new ParkedKeys(from, readFrom); // it may be the second try
    this.#markers = new OwnerMarkers(generation);
    this.#isNewest = generation < this.#generation;
    this.#hasLoose = false;
    this.#from = from;
  }

  read(record: ConsumerRecord): void {
    const { offset, key } = record;
    if (isForeign(record, this.#host.groupId)) return;
    const mark = ownerMarkOf(record);
    const through = endMarkerOf(record);
    if (mark !== undefined) this.#found(offset, mark);
    else if (through !== undefined) this.keys.find(offset, { kind: 'end', key, through });
    else if (this.#isLate(record)) this.#tellLate(record);
    else this.#findRecord(record);
  }

  end(to: number): number | undefined {
    this.#to = to;
    this.#writer.begin(to, this.#isNewest ? this.#generation : undefined);
    const { missingFrom } = this.keys;
    this.keys.foundAll(to, this.#host.clock.now());
    return missingFrom;
  }

  /** Where to begin next time, if much was read and all of it is done. */
  get readInVain(): TopicPartitionOffset | undefined {
    if (this.keys.size > 0 || this.#hasLoose || this.#to - this.#from < IN_VAIN) return undefined;
    const metadata = metadataWith(this.#markers.before(this.#to));
    return { ...this.#place, offset: this.#to, ...(metadata === undefined ? {} : { metadata }) };
  }

  /** An ownership of the partition begins, and all that was parked of it is known. */
  begun({ epoch }: Pick<Ownership, 'epoch'>): void {
    this.#epoch = epoch;
    if (this.keys.size > 0 || this.#hasLoose) this.#work();
  }

  /** While it is paused no parked record starts; parking goes on. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#worker?.pause();
    else this.#worker?.resume();
  }

  /** Whether a record is not for the listener now. */
  isParked(record: ConsumerRecord): boolean {
    return (this.keys.size > 0 && this.#keyed(record) !== undefined) || this.#host.whenFree(record) !== undefined;
  }

  /** Resolves when the record's key is free, or is not going to be; undefined if that is not about to be. */
  whenEnded(record: ConsumerRecord): Promise<void> | undefined {
    const parked = this.#keyed(record);
    return parked === undefined ? this.#host.whenFree(record) : this.#endings.get(parked)?.promise;
  }

  /** Resolves when the record is in the parked topic. @param error what it failed with */
  async park(record: ConsumerRecord, error: unknown): Promise<void> {
    const { keyOf, clock } = this.#host;
    const key = keyOf(record);
    const isOrdered = this.#isOrdered(key);
    if (isOrdered) this.keys.parking(key, clock.now());
    try {
      const at = await this.#writer.park(record, error);
      if (isOrdered) this.keys.parked(key, at, record.offset);
    } catch (failure) {
      if (isOrdered) this.keys.notParked(key);
      throw failure;
    }
    if (isOrdered) this.#tellParked(record, key, error);
    this.#work();
  }

  /** Resolves when all of them are in the parked topic; if it rejects some may be, and are not among what is left. */
  async follow(followers: Followers): Promise<void> {
    const records = followers.left.map(({ record }) => record);
    const [first] = records;
    if (first === undefined) return;
    const key = this.#host.keyOf(first); // the same for all
    this.keys.parking(key, this.#host.clock.now(), records.length);
    const landing = await this.#writer.follow(records);
    for (const [i, { offset }] of records.entries()) {
      const at = landing.places[i];
      if (at === undefined) this.keys.notParked(key);
      else this.keys.parked(key, at, offset);
    }
    followers.landed(landing.places.length);
    if ('failure' in landing) throw landing.failure;
    this.#work();
  }

  /** Lets go of it: ends what runs, as a stop of a container does. @returns whether nothing was cut short */
  async stop(options: StopOptions): Promise<boolean> {
    this.#isClosing = true;
    const report = await this.#worker?.stop(options);
    return report?.drained ?? true;
  }

  get #ownTopic(): string {
    return this.topic.slice(0, -this.#host.suffix.length);
  }

  /** A marker of an owner. */
  #found(at: number, { owner, generation }: OwnerMark): void {
    this.#markers.add({ at, generation });
    if (owner !== this.#owner) this.#isNewest &&= generation < this.#generation;
  }

  #findRecord(record: ConsumerRecord): void {
    const found = this.#parkedRecordOf(record);
    if (this.#isOrdered(found.key)) this.keys.find(record.offset, { kind: 'record', ...found });
    else this.#hasLoose = true;
  }

  #parkedRecordOf(record: ConsumerRecord, own = unparked(record)): ParkedRecord {
    return { key: this.#host.keyOf(own), original: originalOffsetOf(record), flight: flightOf(record) };
  }

  #isLate(record: ConsumerRecord): boolean {
    return this.#markers.isLate(record.offset, generationOf(record));
  }

  get #place(): TopicPartition {
    return { topic: this.topic, partition: this.partition };
  }

  #isOrdered(key: Bytes): boolean {
    return key !== null || this.#host.ordersNullKeys;
  }

  #keyed(record: ConsumerRecord): ParkedKey | undefined {
    const key = this.#host.keyOf(record);
    return this.#isOrdered(key) ? this.keys.get(key) : undefined;
  }

  #work(): void {
    if (this.#worker !== undefined || this.#isClosing) return;
    const { newWorker, recoverer, onFatal, logger } = this.#host;
    this.#worker = newWorker({
      partition: this.#place,
      from: this.#from,
      listener: (record, called) => this.#listen(record, called),
      recoverer: recoverer && ((record, error, context) => this.#recover(recoverer, record, error, context)),
      commitMetadata: ({ offset }) => metadataWith(this.#markers.before(offset)),
    });
    this.#worker.on('partition:paused', ({ owner }) => {
      if (owner === 'back-pressure') this.#tellFilled();
    });
    this.#worker.on('position:reset', ({ from, to }) => {
      if (to > from) this.missed(to - from);
    });
    this.#worker.finished.catch((error: unknown) => {
      if (this.#isClosing) logger.warn({ ...this.#place, error }, 'parked records were not given up in order');
      else onFatal(error);
    });
    if (this.#isPaused) this.#worker.pause();
    this.#worker.start().catch(() => undefined); // `finished` says it too
  }

  async #listen(record: ConsumerRecord, called: Called): Promise<void> {
    const { clock, listen, groupId } = this.#host;
    if (!isWork(record, groupId)) {
      this.#passed(record);
      return;
    }
    if (this.#isLate(record)) {
      if (record.offset >= this.#to) this.#tellLate(record); // else it was told
      return;
    }
    const own = unparked(record);
    const parked = this.#parkedRecordOf(record, own);
    const { key } = parked;
    const isKnown = !this.#isOrdered(key) || this.#unsettled.has(record.offset);
    if (!isKnown && !this.keys.reached(record.offset, parked, clock.now())) return;
    let skipped: unknown;
    await this.#workOff(
      record,
      key,
      () => called.signal.aborted,
      async () => {
        try {
          await listen(own, called, { key, epoch: this.#epoch });
        } catch (error) {
          if (!isSkip(error)) throw error;
          skipped = error;
        }
      },
    );
    if (skipped !== undefined) throw skipped as Error;
  }

  /** Another owner has begun meanwhile. */
  #passed(record: ConsumerRecord): void {
    const mark = isForeign(record, this.#host.groupId) ? undefined : ownerMarkOf(record);
    if (mark !== undefined) this.#markers.add({ at: record.offset, generation: mark.generation });
  }

  #recover(recoverer: Recoverer, record: ConsumerRecord, error: unknown, context: RecoveryContext): Promise<void> {
    const { keyOf, groupId } = this.#host;
    const own = unparked(record);
    const inGroup = { ...context, groupId };
    return this.#workOff(
      record,
      keyOf(own),
      () => false,
      async () => {
        await (typeof recoverer === 'function'
          ? recoverer(own, error, inGroup)
          : recoverer.recover(own, error, inGroup));
      },
    );
  }

  /**
   * The end marker belongs to the attempt: if it cannot be written the attempt failed and comes again, without its work. An
   * attempt that was aborted has failed, however it ended: nothing is worked off by it.
   */
  async #workOff(
    record: ConsumerRecord,
    key: Bytes,
    isAborted: () => boolean,
    work: () => Promise<void>,
  ): Promise<void> {
    const { offset } = record;
    const isOrdered = this.#isOrdered(key);
    if (!this.#unsettled.has(offset)) {
      await work();
      if (isAborted()) return;
      this.#host.counters.workedOff++;
      if (!isOrdered) return;
      this.#unsettled.add(offset);
      this.keys.workedOff(key, offset, originalOffsetOf(record));
    }
    await this.#handBack(key);
    if (!isAborted()) this.#unsettled.delete(offset);
  }

  async #handBack(key: Bytes): Promise<void> {
    const through = this.#isClosing ? undefined : this.keys.beginEnd(key);
    const parked = this.keys.get(key);
    if (through === undefined || parked === undefined) return;
    const ending = deferred();
    this.#endings.set(parked, ending);
    let isWritten = false;
    try {
      await this.#writer.end(key, through);
      isWritten = true;
    } finally {
      const isFree = this.keys.ended(key, isWritten);
      this.#endings.delete(parked);
      if (isFree) this.#tellHandedBack(parked);
      ending.resolve();
    }
  }

  #tellParked(record: ConsumerRecord, key: Bytes, error: unknown): void {
    const { events, logger } = this.#host;
    const { topic, partition, offset } = record;
    logger.warn({ topic, partition, offset, error }, 'a key is parked: its records wait in the parked topic');
    events.emit('key:parked', { topic, partition, key, record, error });
  }

  #tellLate(record: ConsumerRecord): void {
    const { logger, counters } = this.#host;
    counters.parkedLate++;
    const original = originalOffsetOf(record);
    const what = 'a record that was parked too late, by who had lost its partition, is passed over: it came straight';
    logger.info({ ...this.#place, offset: record.offset, original }, what);
  }

  #tellFilled(): void {
    const { events, logger } = this.#host;
    logger.warn(
      { ...this.#place },
      'no more parked records are read: keys that cannot go on take half of bufferRecords or bufferBytes',
    );
    events.emit('parked:filled', { topic: this.#ownTopic, partition: this.partition });
  }

  #tellHandedBack({ key, since }: ParkedKey): void {
    const { events, logger, counters, clock } = this.#host;
    const topic = this.#ownTopic;
    const { partition } = this;
    const parkedMs = clock.now() - since;
    counters.handedBack++;
    logger.info({ topic, partition, parkedMs }, 'a key is handed back: nothing of it is parked any more');
    events.emit('key:handedBack', { topic, partition, key, parkedMs });
  }
}
