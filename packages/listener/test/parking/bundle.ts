import { FakeLog, FakeProducer } from '@hearken/testing';
import type { ConsumerRecord } from '@hearken/core';
import {
  DefaultErrorHandler,
  FixedBackOff,
  type DefaultErrorHandlerOptions,
  type ParkingProperties,
  type RecordContainerProperties,
} from '../../dist/index.js';
import { setup, until, type Bundle, type Call } from '../setup.js';

export const once = new FixedBackOff({ maxRetries: 0 });
export const soon = new FixedBackOff({ intervalMs: 30, maxRetries: 1_000 });

export interface ParkingOptions {
  readonly handler?: DefaultErrorHandlerOptions;
  readonly parking?: Partial<ParkingProperties>;
  readonly properties?: Partial<RecordContainerProperties>;
  readonly log?: FakeLog;
  readonly partitions?: number;
  readonly groupId?: string;
}

export interface ParkingBundle extends Bundle {
  readonly producer: FakeProducer;
  /** Of topics, how many partitions the template tells of; all by default. */
  readonly counts: Map<string, number>;
  /** Why partitions cannot be asked for, once each. */
  readonly troubles: Error[];
}

/** A container that parks, and what a test needs around it. */
export function setUp({
  handler,
  parking,
  properties,
  log = new FakeLog(),
  partitions = 2,
  groupId = 'g',
}: ParkingOptions = {}): ParkingBundle {
  const producer = new FakeProducer({ log, partitions });
  const counts = new Map<string, number>();
  const troubles: Error[] = [];
  const template: ParkingProperties['template'] = {
    execute: async (callback) => await callback(producer),
    partitionsFor: async (topic) => {
      const trouble = troubles.shift();
      if (trouble !== undefined) throw trouble;
      return (await producer.partitionsFor(topic)).slice(0, counts.get(topic));
    },
  };
  const errorHandler = new DefaultErrorHandler({
    backOff: once,
    recoveryBackOff: new FixedBackOff({ intervalMs: 50, maxRetries: 1 }),
    onExhausted: 'parkKey',
    ...handler,
  });
  const bundle = setup(
    {
      ordering: 'key',
      revokeDrainTimeoutMs: 10_000,
      errorHandler,
      parking: { template, backOff: soon, ...parking },
      ...properties,
    },
    { log, groupId, maxPollIntervalMs: 15_000 }, // shorter than the defaults of what the container makes
  );
  return { ...bundle, producer, counts, troubles };
}

/** The same, started. */
export async function parking(options?: ParkingOptions): Promise<ParkingBundle> {
  const bundle = setUp(options);
  await bundle.container.start();
  return bundle;
}

/** Stops it while listeners hang. */
export async function stopNow({ container, clock }: Pick<Bundle, 'container' | 'clock'>): Promise<void> {
  void container.stop({ immediate: true });
  await until(() => {
    clock.advance(100);
    return container.state === 'stopped';
  });
}

/** The so-and-so-manieth call for the record at "partition/offset", whichever way it came. */
export async function call({ listener }: Pick<Bundle, 'listener'>, at: string, number = 1): Promise<Call> {
  const calls = (): Call[] => listener.calls.items.filter((one) => one.at === at);
  await until(() => calls().length >= number);
  return calls()[number - 1]!;
}

/** Without the markers of owners. */
export const parkedIn = (log: FakeLog, partition = 0): readonly ConsumerRecord[] =>
  log.records('t-parked', partition).filter(({ headers }) => headers.string('hearken_parked') !== 'owner');
export const kinds = (log: FakeLog, partition = 0): string[] =>
  parkedIn(log, partition).map(({ key, headers }) => `${String(key)} ${headers.string('hearken_parked')}`);
