import { encodeRecordBatch, RecordBatch, type RecordBatchOptions } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import { BrokerError } from '../../dist/broker-error.js';
import type { LogConfig } from '../../dist/log/log-config.js';
import { PartitionLog, type LogRead } from '../../dist/log/partition-log.js';

export const START_MS = Date.UTC(2026, 0, 1);

export const DEFAULT_CONFIG: LogConfig = {
  maxMessageBytes: 1_048_588,
  retentionBytes: -1,
  timestampType: 'CreateTime',
  compacted: false,
};

/** A log, its clock, and the configuration that it reads. */
export function aLog(overrides: Partial<LogConfig> = {}): {
  log: PartitionLog;
  clock: ManualClock;
  config: { -readonly [K in keyof LogConfig]: LogConfig[K] };
} {
  const clock = new ManualClock(START_MS);
  const config = { ...DEFAULT_CONFIG, ...overrides };
  return { log: new PartitionLog({ config: () => config, clock }), clock, config };
}

export interface BatchOptions extends RecordBatchOptions {
  readonly key?: Buffer | null;
  /** Of the nth record. @default START_MS + n */
  readonly timestamp?: (n: number) => number;
}

/** A batch of as many records as there are values, as a producer sends it. */
export function aBatch(values: readonly string[] | number, options: BatchOptions = {}): Buffer {
  const { key = null, timestamp = (n: number) => START_MS + n, compression = 'none', ...others } = options;
  const texts = typeof values === 'number' ? Array.from({ length: values }, (_, n) => `v${n}`) : values;
  const records = texts.map((value, n) => ({ key, value: Buffer.from(value), timestamp: timestamp(n) }));
  const batch = encodeRecordBatch(records, { ...others, compression });
  if (!Buffer.isBuffer(batch)) throw new Error(`${compression} did not answer at once`);
  return batch;
}

/** One as an idempotent producer's. */
export const sequenced = (
  producerId: number,
  baseSequence: number,
  count = 1,
  { producerEpoch = 0, ...others }: BatchOptions = {},
): Buffer => aBatch(count, { producerId, producerEpoch, baseSequence, ...others });

/** Offsets of all batches read: `'0-2'`. */
export const ranges = ({ batches }: Pick<LogRead, 'batches'>): string[] =>
  batches.map((bytes) => {
    const { baseOffset, lastOffset } = new RecordBatch(bytes);
    return `${baseOffset}-${lastOffset}`;
  });

export const ALL = { maxBytes: Infinity, minOneBatch: true, isolation: 'read_uncommitted' } as const;
export const COMMITTED = { ...ALL, isolation: 'read_committed' } as const;

/** For `assert.throws`. */
export const refusedWith =
  (errorName: string) =>
  (error: unknown): boolean =>
    error instanceof BrokerError && error.errorName === errorName;
