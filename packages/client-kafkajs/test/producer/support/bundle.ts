import type { ProducerRecord, RecordMetadata } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { eventLoopTurn, ManualClock, RecordingLogger } from '@hearken/testing';
import { resolveKafkaOptions } from '../../../dist/kafka-options.js';
import { KafkaProducer } from '../../../dist/producer/kafka-producer.js';
import { resolveProducerOptions, type ProducerOptions } from '../../../dist/producer/producer-options.js';
import type { ProducerCluster } from '../../../dist/producer/producer-cluster.js';
import { FakeCluster } from './fake-cluster.js';

export interface Settled {
  readonly metadata?: RecordMetadata;
  readonly error?: Error & { readonly code?: string; readonly mayBeWritten?: boolean; readonly retriable?: boolean };
}

export interface Bundle {
  readonly producer: KafkaProducer;
  readonly cluster: FakeCluster;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  /** Sends to partition 0 of `t`, unless told otherwise. */
  readonly send: (value: string, more?: Partial<ProducerRecord>) => Promise<RecordMetadata>;
  /** For promises whose rejection is looked at later. */
  readonly settled: (promise: Promise<RecordMetadata>) => Promise<Settled>;
  /** Metadata and identity are known then, and nothing is under way. Resolves with the number of requests so far. */
  readonly warmUp: () => Promise<number>;
  /** Lets the event loop turn, and time pass where that is waited for, until the promise settles. */
  readonly finish: <T>(promise: Promise<T>) => Promise<T>;
}

/** A producer over a cluster of fakes; topic `t` has two partitions, both led by node 1. */
export function setup(options: ProducerOptions = {}): Bundle {
  const cluster = new FakeCluster();
  cluster.setTopic('t', [1, 1]);
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const producer = producerOf(cluster, { clock, logger }, options);
  const send: Bundle['send'] = (value, more) =>
    producer.send({ topic: 't', partition: 0, value: Buffer.from(value), ...more });
  const settled: Bundle['settled'] = (promise) =>
    promise.then(
      (metadata) => ({ metadata }),
      (error: unknown) => ({ error: error as NonNullable<Settled['error']> }),
    );
  const warmUp = async (): Promise<number> => {
    await send('warm-up');
    await eventLoopTurn();
    return cluster.calls.count;
  };
  return { producer, cluster, clock, logger, send, settled, warmUp, finish: (promise) => finish(promise, clock) };
}

/** The producer under test, without chance. */
export function producerOf(
  cluster: ProducerCluster,
  { clock, logger }: Pick<Bundle, 'clock' | 'logger'>,
  options: ProducerOptions,
): KafkaProducer {
  const check = new OptionsCheck('the producer under test');
  const kafka = resolveKafkaOptions(check, { brokers: ['fake:1'], clock, logger }, 'kafka');
  const resolved = resolveProducerOptions(check, options, 'options');
  check.throwIfAny();
  return new KafkaProducer(kafka, resolved, { cluster, random: () => 0.5 });
}

async function finish<T>(promise: Promise<T>, clock: ManualClock): Promise<T> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  const turns = async (): Promise<boolean> => {
    for (let turn = 0; turn < 5; turn++) await eventLoopTurn(); // look-up, identity, request: a turn each
    return false;
  };
  while (!(await Promise.race([settled, turns()]))) clock.advance(clock.nextDueInMs ?? 0);
  return promise;
}
