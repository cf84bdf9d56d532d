import {
  codeOf,
  type Bytes,
  type Clock,
  type ConsumerRecord,
  type Logger,
  type ProducerRecord,
  type RecordMetadata,
  type TopicPartition,
} from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import type { StopOptions } from '../container-state.js';
import { isSkip } from '../failure/control-flow.js';
import type { Recoverer, RecoveryContext } from '../failure/error-handler.js';
import type { Called } from '../invoke/listener-invoker.js';
import type { MessageListenerContainer } from '../message-listener-container.js';
import type { Ownership } from '../offsets/ownership.js';
import { ParkedKeys, type ParkedKey } from './parked-keys.js';
import {
  endMarkerHeaders,
  endMarkerOf,
  FOLLOWS,
  isForeign,
  isWork,
  originalOffsetOf,
  parkedHeaders,
  unparked,
} from './parked-record.js';
import type { ParkedReader } from './read-parked.js';

/** Of the producer, and of the broker. */
const TOO_LARGE: ReadonlySet<unknown> = new Set(['RECORD_TOO_LARGE', 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Where a partition's worker gets its records, and what it does with them. */
export interface ParkedWork {
  /** In the parked topic. */
  readonly partition: TopicPartition;
  readonly from: number;
  readonly listener: (record: ConsumerRecord, called: Called) => Promise<void>;
  readonly recoverer: Recoverer | undefined;
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
  readonly send: (record: ProducerRecord) => Promise<RecordMetadata>;
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
  #epoch = 0;
  #from = 0;
  /** Whether records of no key and no order were found. */
  #hasLoose = false;
  #worker: MessageListenerContainer | undefined;
  #isPaused = false;
  #isClosing = false;
  /** Keys whose end marker is on its way, and who waits for it. */
  readonly #endings = new Map<ParkedKey, Deferred<void>>();
  /** Records that were worked off and whose attempt has not ended well: it may come again. */
  readonly #unsettled = new Set<number>();

  constructor(host: ParkedPartitionHost, { topic, partition }: TopicPartition) {
    this.#host = host;
    this.topic = topic + host.suffix;
    this.partition = partition;
  }

  missed(offsets: number): void {
    const { logger, counters, events } = this.#host;
    const what = 'the parked topic deleted records before they were worked off: its retention is too short';
    logger.error({ ...this.#place, offsets }, what);
    counters.parkedMissing += offsets;
    events.emit('parked:missing', { topic: this.#ownTopic, partition: this.partition, offsets });
  }

  begin(from: number): void {
    this.keys = new ParkedKeys(); // it may be the second try
    this.#hasLoose = false;
    this.#from = from;
  }

  read(record: ConsumerRecord): void {
    if (isForeign(record, this.#host.groupId)) return;
    const through = endMarkerOf(record);
    if (through !== undefined) {
      this.keys.find(record.offset, { kind: 'end', key: record.key, through });
      return;
    }
    const key = this.#host.keyOf(unparked(record));
    if (!this.#isOrdered(key)) this.#hasLoose = true;
    else this.keys.find(record.offset, { kind: 'record', key, original: originalOffsetOf(record) });
  }

  end(to: number): void {
    this.keys.foundAll(to, this.#host.clock.now());
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

  /**
   * Resolves when the record is in the parked topic.
   * @param error what it failed with, or `FOLLOWS`
   */
  async park(record: ConsumerRecord, error: unknown): Promise<void> {
    const { send, keyOf, clock, groupId } = this.#host;
    const key = keyOf(record);
    const isOrdered = this.#isOrdered(key);
    if (isOrdered) this.keys.parking(key, clock.now());
    const sendWith = (why: unknown): Promise<RecordMetadata> =>
      send({
        ...this.#place,
        key: record.key,
        value: record.value,
        headers: parkedHeaders(record, why, groupId),
      });
    try {
      const { offset } = await sendWith(error).catch((failure: unknown) => {
        if (error === FOLLOWS || !TOO_LARGE.has(codeOf(failure))) throw failure;
        return sendWith(FOLLOWS); // it fits its own topic: perhaps without what it failed with, which is told and logged
      });
      if (isOrdered) this.keys.parked(key, offset, record.offset);
    } catch (failure) {
      if (isOrdered) this.keys.notParked(key);
      throw failure;
    }
    if (error !== FOLLOWS && isOrdered) this.#tellParked(record, key, error);
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
    const { keyOf, clock, listen, groupId } = this.#host;
    if (!isWork(record, groupId)) return;
    const own = unparked(record);
    const key = keyOf(own);
    const isKnown = !this.#isOrdered(key) || this.#unsettled.has(record.offset);
    if (!isKnown && !this.keys.reached(key, record.offset, originalOffsetOf(record), clock.now())) return;
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
      await this.#host.send({
        ...this.#place,
        key,
        value: null,
        headers: endMarkerHeaders(through, this.#host.groupId),
      });
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
