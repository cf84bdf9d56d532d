import type { Clock, ConsumerFactory, Logger, TaskExecutor } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import type { RecordContainerProperties } from '../container-properties.js';
import type { StopOptions } from '../container-state.js';
import { MessageListenerContainer } from '../message-listener-container.js';
import type { RecordMiddleware } from '../middleware/middleware.js';
import { KafkaHeaders } from '../reply/kafka-headers.js';
import { RangeConsumer } from './range-consumer.js';
import type { ShedLedger } from './shed-ledger.js';
import { keyOf, type RecordedRange } from './shed-range.js';

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

/** How far a replay came. */
export interface ReplayEnd {
  /** All of the range has ended; else it goes on where it is, here or elsewhere. */
  readonly hasEnded: boolean;
  /** Records that ended here. */
  readonly processed: number;
  /** Offsets that are not there any more. */
  readonly missing: number;
}

/** Reads one range from where it got to, by a container of its own that takes the range for a partition. */
export class RangeReplay {
  readonly #container: MessageListenerContainer;
  readonly #ended = deferred();
  #hasEnded = false;
  #missing = 0;
  #isStopped = false;

  constructor(init: RangeReplayInit) {
    const { range, groupId, properties, executor, clock, logger } = init;
    const { topic, partition, done } = range;
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
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Rejects with why it could not begin. */
  start(): Promise<void> {
    return this.#container.start();
  }

  /** Resolves when the range has ended or the replay was stopped; rejects with what it failed with. */
  async whenOver(): Promise<ReplayEnd> {
    await Promise.race([this.#ended.promise, this.#container.finished]);
    await this.#container.stop();
    const { processed, filtered, recovered, skipped } = this.#container.metrics();
    const ended = processed + filtered + recovered + skipped;
    return { hasEnded: this.#hasEnded, processed: ended, missing: this.#missing };
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
          onMissing: (offsets) => (this.#missing += offsets),
          onEnded: () => {
            this.#hasEnded = true;
            this.#ended.resolve();
          },
        }),
    };
  }
}

/** Tells the listener, and whoever gets a dead letter, that the record comes late. */
const marking =
  (range: RecordedRange): RecordMiddleware =>
  (record, _context, next) => {
    record.headers.set(KafkaHeaders.SHED_RANGE, keyOf(range));
    return next();
  };
