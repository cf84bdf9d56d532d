import {
  boolean,
  custom,
  describe,
  durationMs,
  integer,
  oneOf,
  type OptionRules,
  type OptionsCheck,
} from '@hearken/core/internal';
import { requireCompression, type CompressionType } from '@hearken/protocol';
import type { PartitionerChoice, PartitionerName } from './partitioner.js';

/** How a producer batches, acknowledges and retries. */
export interface ProducerOptions {
  /**
   * Who must have a record before it counts as sent: all in-sync replicas, the leader alone (1), or nobody (0: the offset
   * is not known, and what the broker refuses is lost without a word). @default 'all'
   */
  readonly acks?: 'all' | 0 | 1 | undefined;
  /**
   * Whether the broker drops what a retry would write twice, and keeps the order. Needs `acks: 'all'`; without it, it is
   * off unless asked for, as in Java. @default true
   */
  readonly idempotent?: boolean | undefined;
  /**
   * How long a record may wait for company, in milliseconds. It waits only while its broker has a request in work: a lone
   * record leaves at once. @default 0
   */
  readonly lingerMs?: number | undefined;
  /**
   * A batch is full at so many bytes, before compression; a larger record goes alone. Where a topic takes less
   * (`max.message.bytes`), its batches are split, and those made afterwards are smaller. @default 65536 (64 KiB)
   */
  readonly batchSizeBytes?: number | undefined;
  /** Records accepted and not settled may take so many bytes; a `send` beyond it waits its turn. @default 33554432 (32 MiB) */
  readonly bufferMemoryBytes?: number | undefined;
  /** How long a `send` may wait for buffer memory, or for its topic's partitions, in milliseconds. @default 60000 */
  readonly maxBlockMs?: number | undefined;
  /**
   * How many sends may wait at once, for buffer memory or for their topic's partitions; a further one is refused with
   * `WAITERS_FULL` instead of waiting. @default 100000
   */
  readonly maxWaitingRecords?: number | undefined;
  /** How long one answer may take before the request counts as lost and is sent again, in milliseconds. @default 30000 */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * When a record that is not acknowledged is given up, retries included, in milliseconds from when it got its place in
   * the buffer; at least `lingerMs + requestTimeoutMs`. @default 120000, or that sum if it is larger
   */
  readonly deliveryTimeoutMs?: number | undefined;
  /** A request, and so a record, may not be larger, in bytes; brokers have a limit of their own. @default 1048576 (1 MiB) */
  readonly maxRequestBytes?: number | undefined;
  /**
   * How batches are compressed, on the thread pool unless they are small. Consumers need the codec too, and brokers know
   * all of them. gzip is built in; `'snappy'` needs the package `snappy`, `'lz4'` the package `lz4-napi`, and `'zstd'` Node.js
   * 22.15 or the package `zstd-napi`, which works on the event loop's own thread. They are found by themselves once
   * installed; a codec of your own goes to `registerCompression`, before the factory is made. @default 'none'
   */
  readonly compression?: CompressionType | undefined;
  /**
   * Chooses the partition of a record that names none. `'murmur2'`: by key as Java does; without a key one partition a
   * batch. `'round-robin'` and `'random'` do not look at keys. Or a function of your own. @default 'murmur2'
   */
  readonly partitioner?: PartitionerChoice | undefined;
  /** Whether a topic that does not exist is made, if the brokers allow it. @default true */
  readonly allowAutoTopicCreation?: boolean | undefined;
  /** How often new partitions and moved leaders are looked for, in milliseconds. @default 60000 */
  readonly metadataMaxAgeMs?: number | undefined;
}

/** {@link ProducerOptions} after checking, with defaults. */
export type ResolvedProducerOptions = {
  readonly [Name in keyof ProducerOptions]-?: Exclude<ProducerOptions[Name], undefined>;
};

const MAX_INT32 = 2 ** 31 - 1;
const DELIVERY_TIMEOUT_MS = 120_000;
const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const satisfies readonly CompressionType[];
const PARTITIONERS = ['murmur2', 'round-robin', 'random'] as const satisfies readonly PartitionerName[];

/** What is undefined here has a default that depends on other options. */
type Written = Omit<ResolvedProducerOptions, 'idempotent' | 'deliveryTimeoutMs'> & {
  readonly idempotent: boolean | undefined;
  readonly deliveryTimeoutMs: number | undefined;
};

const RULES: OptionRules<Written> = {
  acks: custom<'all' | 0 | 1>('all', (value) =>
    value === 'all' || value === 0 || value === 1 ? undefined : `must be 'all', 1 or 0, got ${describe(value)}`,
  ),
  idempotent: boolean<boolean | undefined>(undefined),
  lingerMs: durationMs(0),
  batchSizeBytes: integer(65_536, { min: 1, max: MAX_INT32 }),
  bufferMemoryBytes: integer(32 * 1024 * 1024, { min: 1 }),
  maxBlockMs: durationMs(60_000),
  maxWaitingRecords: integer(100_000, { min: 1 }),
  requestTimeoutMs: durationMs(30_000, { min: 1 }),
  deliveryTimeoutMs: durationMs<number | undefined>(undefined, { min: 1 }),
  maxRequestBytes: integer(1024 * 1024, { min: 1, max: MAX_INT32 }),
  compression: custom<CompressionType>('none', compressionProblem),
  partitioner: custom<PartitionerChoice>('murmur2', partitionerProblem),
  allowAutoTopicCreation: boolean(true),
  metadataMaxAgeMs: durationMs(60_000, { min: 1 }),
};

/**
 * Checks what a user wrote for a producer; problems are gathered in `check`, which the caller makes throw.
 * @param path where it stands in what the user wrote: 'options'
 */
export function resolveProducerOptions(check: OptionsCheck, given: unknown, path: string): ResolvedProducerOptions {
  const written = check.resolve(given, RULES, path);
  checkPairs(check, written, path);
  return Object.freeze({
    ...written,
    idempotent: written.idempotent ?? written.acks === 'all',
    deliveryTimeoutMs:
      written.deliveryTimeoutMs ?? Math.max(DELIVERY_TIMEOUT_MS, written.lingerMs + written.requestTimeoutMs),
  });
}

function checkPairs(check: OptionsCheck, options: Written, path: string): void {
  const at = (name: keyof ProducerOptions): string => (path === '' ? name : `${path}.${name}`);
  const { acks, idempotent, lingerMs, requestTimeoutMs, deliveryTimeoutMs, batchSizeBytes } = options;
  const areFine = (...names: (keyof ProducerOptions)[]): boolean => check.isFine(...names.map(at));
  if (areFine('idempotent', 'acks') && idempotent === true && acks !== 'all') {
    check.problem(at('idempotent'), `needs acks 'all', got acks ${acks}: leave one of them out`);
  }
  const timesAreFine = areFine('deliveryTimeoutMs', 'lingerMs', 'requestTimeoutMs');
  if (timesAreFine && deliveryTimeoutMs !== undefined && deliveryTimeoutMs < lingerMs + requestTimeoutMs) {
    check.problem(
      at('deliveryTimeoutMs'),
      `must be at least lingerMs + requestTimeoutMs (${lingerMs + requestTimeoutMs}), got ${deliveryTimeoutMs}`,
    );
  }
  for (const name of ['maxRequestBytes', 'bufferMemoryBytes'] as const) {
    if (areFine(name, 'batchSizeBytes') && options[name] < batchSizeBytes) {
      check.problem(at(name), `must be at least batchSizeBytes (${batchSizeBytes}), got ${options[name]}`);
    }
  }
}

/** Loads the codec, so that one that is missing is told here and not by the first record that is sent. */
function compressionProblem(value: unknown): string | undefined {
  const problem = oneOf(COMPRESSIONS, 'none').check(value);
  if (problem !== undefined) return problem;
  try {
    requireCompression(value as CompressionType);
    return undefined;
  } catch (error) {
    return `cannot be ${describe(value)}: ${error instanceof Error ? error.message : describe(error)}`;
  }
}

function partitionerProblem(value: unknown): string | undefined {
  if (typeof value === 'function') return undefined;
  return oneOf(PARTITIONERS, 'murmur2')
    .check(value)
    ?.replace(/^must be/, 'must be a function or');
}
