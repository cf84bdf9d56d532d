import type { Clock, ConsumerFactory, Logger, TaskExecutor } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import type { RecordContainerProperties } from '../container-properties.js';
import type { StopOptions } from '../container-state.js';
import { MessageListenerContainer } from '../message-listener-container.js';
import type { RecordMiddleware } from '../middleware/middleware.js';
import { KafkaHeaders } from '../reply/kafka-headers.js';
import { Gaps } from './gaps.js';
import { RangeConsumer } from './range-consumer.js';
import type { ShedLedger } from './shed-ledger.js';
import { nameOf, type RecordedRange } from './shed-range.js';

export interface RangeReplayInit {
  readonly range: RecordedRange;
  readonly factory: ConsumerFactory;
  readonly ledger: Pick<ShedLedger, 'write' | 'delete'>;
  /** What dead letters name. */
  readonly groupId: string;
  /** The user's: everything but where to read. */
  readonly properties: RecordContainerProperties;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How a replay is over: all of the range has ended; it was stopped, and goes on where it is, here or elsewhere; or there is more to
 * read, and it does not come.
 */
export type ReplayEnd = 'ended' | 'stopped' | 'stalled';

/** Reads one range from where it got to, by a container of its own that takes the range for a partition. */
export class RangeReplay {
  readonly #container: MessageListenerContainer;
  readonly #over = deferred<ReplayEnd>();
  readonly #gaps = new Gaps();
  readonly #to: number;
  /** It is written that all below has ended. */
  #done: number;
  #isStopped = false;

  constructor(init: RangeReplayInit) {
    const { range, groupId, properties, executor, clock, logger } = init;
    const { topic, partition, to, done } = range;
    this.#to = to;
    this.#done = done;
    this.#container = new MessageListenerContainer(
      this.#rangeFactory(init),
      {
        ...properties,
        topicPartitions: [{ topic, partition, offset: done }],
        groupId,
        taskExecutor: executor,
        middleware: [marking(range), ...(properties.middleware ?? [])],
      },
      { clock, logger },
    );
    this.#container.on('partition:stalled', ({ reasons }) => {
      if (reasons.every((reason) => reason === 'fetch')) this.#over.resolve('stalled');
    });
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Records that ended here. */
  get processed(): number {
    const { processed, filtered, recovered, skipped } = this.#container.metrics();
    return processed + filtered + recovered + skipped;
  }

  /** Offsets that are not there any more, of those that it is written are done: others are met again by whoever goes on. */
  get missing(): number {
    return this.#gaps.countBelow(this.#done);
  }

  /** Rejects with why it could not begin. */
  start(): Promise<void> {
    return this.#container.start();
  }

  /** Resolves when it is over, and its container too; rejects with what it failed with. */
  async whenOver(): Promise<ReplayEnd> {
    const stopped = this.#container.finished.then(() => 'stopped' as const);
    const end = await Promise.race([this.#over.promise, stopped]);
    await this.#container.stop();
    return this.#done >= this.#to ? 'ended' : end; // the last of it may have ended as it stopped
  }

  /** Leaves it where it is by then. */
  async stop(options?: StopOptions): Promise<void> {
    this.#isStopped = true;
    await this.#container.stop(options);
  }

  #rangeFactory({ range, factory, ledger }: RangeReplayInit): ConsumerFactory {
    return {
      groupId: factory.groupId,
      maxPollIntervalMs: factory.maxPollIntervalMs,
      ...(factory.fetchMaxBytes === undefined ? {} : { fetchMaxBytes: factory.fetchMaxBytes }),
      createConsumer: (overrides) =>
        new RangeConsumer({
          // Where retention deleted the beginning, the range goes on with what is left.
          consumer: factory.createConsumer({ ...overrides, autoOffsetReset: 'earliest' }),
          range,
          ledger,
          gaps: this.#gaps,
          onWritten: (offset) => this.#written(offset),
        }),
    };
  }

  #written(offset: number): void {
    this.#done = offset;
    if (offset >= this.#to) this.#over.resolve('ended');
  }
}

/** Tells the listener, and whoever gets a dead letter, that the record comes late. */
const marking =
  (range: RecordedRange): RecordMiddleware =>
  (record, _context, next) => {
    record.headers.set(KafkaHeaders.SHED_RANGE, nameOf(range));
    return next();
  };
