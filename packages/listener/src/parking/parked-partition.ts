import { AsyncResource } from 'node:async_hooks';
import type { Bytes, ConsumerRecord, TopicPartition, TopicPartitionOffset } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import type { StopOptions } from '../container-state.js';
import { isSkip } from '../failure/control-flow.js';
import type { Recoverer, RecoveryContext } from '../failure/error-handler.js';
import type { Called } from '../invoke/listener-invoker.js';
import type { MessageListenerContainer } from '../message-listener-container.js';
import type { Ownership } from '../offsets/ownership.js';
import type { Followers } from './followers.js';
import type { ParkedKey, ParkedKeys } from './parked-keys.js';
import { ParkedLog, type ParkedLogHost } from './parked-log.js';
import { isWork, originalOffsetOf, unparked } from './parked-record.js';
import { ParkedWriter, type ParkedWriterInit } from './parked-writer.js';

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
export interface ParkedPartitionHost extends ParkedLogHost {
  /** The container's. */
  readonly recoverer: Recoverer | undefined;
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
export class ParkedPartition {
  readonly log: ParkedLog;
  readonly #host: ParkedPartitionHost;
  readonly #parkedPlace: TopicPartition;
  /** Of its own topic, not of the parked one. */
  readonly place: TopicPartition;
  readonly #writer: ParkedWriter;
  /** What works parked records off is not the record's that is parked first: it does not get its `AsyncLocalStorage`. */
  readonly #context = new AsyncResource('ParkedPartition');
  #epoch = 0;
  #worker: MessageListenerContainer | undefined;
  #isPaused = false;
  #isClosing = false;
  /** Keys whose end marker is on its way, and who waits for it. */
  readonly #endings = new Map<ParkedKey, Deferred<void>>();
  /** Records that were worked off and whose attempt has not ended well: it may come again. */
  readonly #unsettled = new Set<number>();

  /** @param generation of the group, when the partition was assigned */
  constructor(host: ParkedPartitionHost, at: TopicPartition, generation: number) {
    this.#host = host;
    this.log = new ParkedLog(host, at, generation);
    const { topic, partition } = this.log;
    this.#parkedPlace = { topic, partition };
    this.place = { topic: at.topic, partition };
    this.#writer = new ParkedWriter({ ...host, place: this.#parkedPlace, log: this.log });
  }

  get keys(): ParkedKeys {
    return this.log.keys;
  }

  /** Says that this owner begins. To be awaited before the log is read. */
  async mark(): Promise<void> {
    this.log.markedAt = await this.#writer.mark(this.log.mark);
  }

  /** An ownership of the partition begins, and all that was parked of it is known. What is let go of stays what it was. */
  begun({ epoch }: Pick<Ownership, 'epoch'>): void {
    if (this.#isClosing) return;
    this.#epoch = epoch;
    if (this.keys.size > 0 || this.log.hasLoose) this.#work();
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
    const isOrdered = this.log.isOrdered(key);
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

  #keyed(record: ConsumerRecord): ParkedKey | undefined {
    const key = this.#host.keyOf(record);
    return this.log.isOrdered(key) ? this.keys.get(key) : undefined;
  }

  #work(): void {
    if (this.#worker === undefined && !this.#isClosing) this.#context.runInAsyncScope(() => this.#newWorker());
  }

  #newWorker(): void {
    const { newWorker, recoverer, onFatal, logger } = this.#host;
    this.#worker = newWorker({
      partition: this.#parkedPlace,
      from: this.log.from,
      listener: (record, called) => this.#listen(record, called),
      recoverer: recoverer && ((record, error, context) => this.#recover(recoverer, record, error, context)),
      commitMetadata: ({ offset }) => this.log.metadataAt(offset),
    });
    this.#worker.on('partition:paused', ({ owner }) => {
      if (owner === 'back-pressure') this.#tellFilled();
    });
    this.#worker.on('position:reset', ({ from, to }) => {
      if (to > from) this.log.missed(to - from);
      else onFatal(this.log.gone());
    });
    this.#worker.finished.catch((error: unknown) => {
      if (this.#isClosing) logger.warn({ ...this.#parkedPlace, error }, 'parked records were not given up in order');
      else onFatal(error);
    });
    if (this.#isPaused) this.#worker.pause();
    this.#worker.start().catch(() => undefined); // `finished` says it too
  }

  async #listen(record: ConsumerRecord, called: Called): Promise<void> {
    const { listen, groupId } = this.#host;
    this.log.requireSame();
    if (!isWork(record, groupId)) {
      this.log.passed(record);
      return;
    }
    const own = unparked(record);
    const parked = this.log.parkedRecord(record, own);
    const { key } = parked;
    if (!this.#unsettled.has(record.offset) && this.log.isDone(record, parked)) return;
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
    this.log.requireSame();
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
    const isOrdered = this.log.isOrdered(key);
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

  #tellFilled(): void {
    const { events, logger } = this.#host;
    logger.warn(
      { ...this.#parkedPlace },
      'no more parked records are read: keys that cannot go on take half of bufferRecords or bufferBytes',
    );
    events.emit('parked:filled', this.place);
  }

  #tellHandedBack({ key, since }: ParkedKey): void {
    const { events, logger, counters, clock } = this.#host;
    const { topic, partition } = this.place;
    const parkedMs = clock.now() - since;
    counters.handedBack++;
    logger.info({ topic, partition, parkedMs }, 'a key is handed back: nothing of it is parked any more');
    events.emit('key:handedBack', { topic, partition, key, parkedMs });
  }
}
