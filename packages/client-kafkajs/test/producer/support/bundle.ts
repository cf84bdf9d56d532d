import type { ProducerRecord, RecordMetadata } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { eventLoopTurn, ManualClock, RecordingLogger } from '@hearken/testing';
import { resolveKafkaOptions } from '../../../dist/kafka-options.js';
import { KafkaProducer } from '../../../dist/producer/kafka-producer.js';
import { resolveProducerOptions, type ProducerOptions } from '../../../dist/producer/producer-options.js';
import { FakeCluster } from './fake-cluster.js';

export interface Settled {
  readonly metadata?: RecordMetadata;
  readonly error?: Error & { readonly code?: string; readonly mayBeWritten?: boolean };
}

/** A producer over a cluster of fakes; topic `t` has two partitions, both led by node 1. */
export function setup(options: ProducerOptions = {}) {
  const cluster = new FakeCluster();
  cluster.setTopic('t', [1, 1]);
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const check = new OptionsCheck('the producer under test');
  const kafka = resolveKafkaOptions(check, { brokers: ['fake:1'], clock, logger }, 'kafka');
  const resolved = resolveProducerOptions(check, options, 'options');
  check.throwIfAny();
  const producer = new KafkaProducer(kafka, resolved, { cluster, random: () => 0.5 });
  const send = (value: string, more: Partial<ProducerRecord> = {}): Promise<RecordMetadata> =>
    producer.send({ topic: 't', partition: 0, value: Buffer.from(value), ...more });
  /** For promises whose rejection is looked at later. */
  const settled = (promise: Promise<RecordMetadata>): Promise<Settled> =>
    promise.then(
      (metadata) => ({ metadata }),
      (error: unknown) => ({ error: error as NonNullable<Settled['error']> }),
    );
  /** Metadata and identity are known, nothing is under way, and the calls so far are of no interest. */
  const warmUp = async (): Promise<number> => {
    await send('warm-up');
    await eventLoopTurn();
    return cluster.calls.count;
  };
  /** Turns and timers, until the promise settles: what waits for time gets it. */
  const finish = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    const mark = (): void => void (done = true);
    promise.then(mark, mark);
    while (!done) {
      for (let turn = 0; turn < 5; turn++) await eventLoopTurn(); // look-up, identity, request: a turn each
      if (!done && clock.nextDueInMs !== undefined) clock.advance(clock.nextDueInMs);
    }
    return promise;
  };
  return { producer, cluster, clock, logger, send, settled, warmUp, finish };
}
