import type { ConsumerRecord } from '@hearken/core';
import { errorCodes, type ErrorName, type FetchRequest, type FetchResponse } from '@hearken/protocol';
import { Recorder, Signal } from '@hearken/testing';
import type { ConsumerOptions } from '../../../dist/consumer/consumer-options.js';
import type { EpochEnd } from '../../../dist/consumer/fetch-observer.js';
import { Fetcher } from '../../../dist/consumer/fetcher.js';
import type { AssignedPartition } from '../../../dist/consumer/assigned-partition.js';
import { SubscriptionState } from '../../../dist/consumer/subscription-state.js';
import { aContext, type TestContext } from './context.js';

export type Answered = FetchResponse['responses'][number]['partitions'][number];

export interface Truncation extends EpochEnd {
  readonly partition: AssignedPartition;
}

export interface FetcherBundle extends TestContext {
  readonly subscription: SubscriptionState;
  readonly fetcher: Fetcher;
  readonly fetched: Recorder<void>;
  readonly outOfRange: Recorder<AssignedPartition>;
  readonly truncated: Recorder<Truncation>;
  readonly recreated: Recorder<AssignedPartition>;
  readonly fatal: Signal<unknown>;
  readonly p: (partition: number) => AssignedPartition;
}

/** Two partitions of "orders", led by node 1, assigned at offset 0. */
export function aFetcher(options: ConsumerOptions = {}, leaders: readonly number[] = [1, 1]): FetcherBundle {
  const context = aContext(options);
  context.cluster.topic('orders', ...leaders);
  const subscription = new SubscriptionState(() => undefined);
  const fetched = new Recorder<void>();
  const outOfRange = new Recorder<AssignedPartition>();
  const [truncated, recreated] = [new Recorder<Truncation>(), new Recorder<AssignedPartition>()];
  const fatal = new Signal<unknown>();
  const fetcher = new Fetcher(context, subscription, {
    onFetched: () => fetched.record(),
    onOutOfRange: outOfRange.record,
    onTruncated: (partition, end) => truncated.record({ partition, ...end }),
    onRecreated: recreated.record,
    onFatal: fatal.fire,
  });
  for (const assigned of subscription.assign(leaders.map((_, partition) => ({ topic: 'orders', partition })))) {
    assigned.startAt(0);
  }
  subscription.activate();
  const p = (partition: number): AssignedPartition => subscription.partitions[partition]!;
  return { ...context, subscription, fetcher, fetched, outOfRange, truncated, recreated, fatal, p };
}

export const empty: Omit<Answered, 'partitionIndex'> = {
  errorCode: 0,
  highWatermark: 100,
  lastStableOffset: 90,
  logStartOffset: 0,
  abortedTransactions: null,
  preferredReadReplica: -1,
  records: null,
};

export const answered = (partitions: Readonly<Record<number, Partial<Answered>>>): FetchResponse => ({
  throttleTimeMs: 0,
  errorCode: 0,
  sessionId: 0,
  responses: [
    {
      topic: 'orders',
      topicId: '',
      partitions: Object.entries(partitions).map(([partition, more]) => ({
        ...empty,
        ...more,
        partitionIndex: Number(partition),
      })),
    },
  ],
});

export const refused = (error: ErrorName): Partial<Answered> => ({ errorCode: errorCodes[error], highWatermark: -1 });

export const offsetsIn = ({ topics }: FetchRequest): Record<number, number> =>
  Object.fromEntries(
    topics.flatMap(({ partitions }) => partitions.map(({ partition, fetchOffset }) => [partition, fetchOffset])),
  );

export const values = (partition: AssignedPartition): string[] =>
  (partition.take(1_000)?.records ?? []).map(({ value }: ConsumerRecord) => String(value));
