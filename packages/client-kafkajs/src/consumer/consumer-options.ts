import {
  boolean,
  custom,
  describe,
  durationMs,
  integer,
  oneOf,
  text,
  type OptionRules,
  type OptionsCheck,
} from '@hearken/core/internal';
import type { GroupPartitions } from './assignors/restricted.js';

/**
 * How a group shares its partitions out; computed as Java's assignor of that name does. `'cooperative-sticky'` (KIP-429)
 * leaves members what they hold and moves only what has to move. `'kafkajs-round-robin'` is what kafkajs' consumers use.
 */
export type AssignorName = 'range' | 'round-robin' | 'cooperative-sticky' | 'kafkajs-round-robin';

/** How a consumer reads, and how it takes part in its group. */
export interface ConsumerOptions {
  /**
   * The group whose members share the partitions and whose offsets are committed. Needed by `subscribe` and `commit`, not
   * to read partitions given to `assign`. A container's own wins. @default none
   */
  readonly groupId?: string | undefined;
  /**
   * Where reading begins if the group has committed nothing for a partition, if what it committed is gone, or if the topic
   * was deleted and made anew under its name: at the oldest record, after the newest one, or not at all (`poll` rejects with
   * `NO_OFFSET_FOR_PARTITION`, `OFFSET_OUT_OF_RANGE` or `TOPIC_RECREATED`). Where an election lost records that were read
   * already, reading goes on at the first offset that may hold another record; with `'none'` `poll` rejects with
   * `LOG_TRUNCATION`. With `'latest'` the first position is committed on assignment, so that a rebalance cannot skip records.
   * @default 'latest'
   */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none' | undefined;
  /**
   * The group takes this member for dead when it has not heard of it for so long. In milliseconds; brokers accept 6 000 to
   * 1 800 000 unless set otherwise. @default 45000
   */
  readonly sessionTimeoutMs?: number | undefined;
  /** Between heartbeats, in milliseconds; at most a third of `sessionTimeoutMs`. @default 3000 */
  readonly heartbeatIntervalMs?: number | undefined;
  /**
   * The consumer leaves its group when `poll` was not called for so long, and joins again at the next call. Also how long
   * a rebalance waits for this member: `onPartitionsRevoked` has to end within it. In milliseconds. @default 300000
   */
  readonly maxPollIntervalMs?: number | undefined;
  /** Records of one `poll` at most; a call may ask for fewer. @default 500 */
  readonly maxPollRecords?: number | undefined;
  /** A broker answers a fetch as soon as it has so many bytes. @default 1 */
  readonly fetchMinBytes?: number | undefined;
  /** … or after so many milliseconds. @default 500 */
  readonly fetchMaxWaitMs?: number | undefined;
  /**
   * Fetched bytes kept for `poll`, over all partitions. More is fetched when there is room for as much as can be polled
   * still, which is half of this where nothing is paused, or half a second after the last fetch; and where all that is kept is
   * of paused partitions, up to `maxPartitionFetchBytes` beyond it. Nodes share what room there is, and those that answer late
   * may bring as much again. One answer brings at most 128 MiB of it. The memory that it is slices of is three times as much
   * at most.
   * @default 52428800 (50 MiB)
   */
  readonly fetchMaxBytes?: number | undefined;
  /**
   * Fetched bytes kept per partition; one is not fetched above it. One answer brings at most so much of a partition and at
   * most 128 MiB, or one batch if that is larger. @default 1048576 (1 MiB)
   */
  readonly maxPartitionFetchBytes?: number | undefined;
  /** Whether records of open and aborted transactions are left out. @default 'read_committed' */
  readonly isolationLevel?: 'read_committed' | 'read_uncommitted' | undefined;
  /**
   * In order of preference; a group uses one that all members name. The consumer keeps its partitions over a rebalance only
   * if all of them are cooperative, as Java's does.
   * @default ['range', 'round-robin'], and ['cooperative-sticky'] for a consumer that a listener container asks for
   */
  readonly partitionAssignors?: readonly AssignorName[] | undefined;
  /**
   * Makes this a static member (KIP-345): whoever joins under this id takes over the partitions of its predecessor without
   * a rebalance, within `sessionTimeoutMs`; `close` does not leave the group. Unique in the group: a second live member of
   * the same id fences the first, whose `poll` rejects with `FENCED_INSTANCE_ID`. At most 249 letters, digits, '.', '_' and
   * '-'. @default none: a dynamic member
   */
  readonly groupInstanceId?: string | undefined;
  /**
   * How often a member of a group looks for new topics and new partitions, and how old what `partitionsFor` tells may be, in
   * milliseconds. A leader that moved is looked for at once, when a fetch is refused or its broker is gone. @default 60000
   */
  readonly metadataMaxAgeMs?: number | undefined;
  /** How long an answer may take, and how long a commit or look-up is retried, in milliseconds. @default 30000 */
  readonly requestTimeoutMs?: number | undefined;
  /** Whether the checksum of every fetched batch is verified. @default true */
  readonly checkCrcs?: boolean | undefined;
}

/** What users say, after checking and with defaults; and what only whoever asks for a consumer says. */
export type ResolvedConsumerOptions = CheckedConsumerOptions & { readonly groupPartitions?: GroupPartitions };

type CheckedConsumerOptions = {
  readonly [Name in Exclude<keyof ConsumerOptions, Optional>]-?: Exclude<ConsumerOptions[Name], undefined>;
} & Readonly<Record<Optional, string | undefined>>;

type Optional = 'groupId' | 'groupInstanceId';

const ASSIGNORS: readonly AssignorName[] = ['range', 'round-robin', 'cooperative-sticky', 'kafkajs-round-robin'];

const RULES: OptionRules<CheckedConsumerOptions> = {
  groupId: text<string | undefined>(undefined),
  autoOffsetReset: oneOf(['earliest', 'latest', 'none'], 'latest'),
  sessionTimeoutMs: durationMs(45_000, { min: 1 }),
  heartbeatIntervalMs: durationMs(3_000, { min: 1 }),
  maxPollIntervalMs: durationMs(300_000, { min: 1, max: 2 ** 31 - 1 - 5_000 }),
  maxPollRecords: integer(500, { min: 1 }),
  fetchMinBytes: integer(1, { min: 0, max: 2 ** 31 - 1 }),
  fetchMaxWaitMs: durationMs(500),
  fetchMaxBytes: integer(50 * 1024 * 1024, { min: 1, max: 2 ** 31 - 1 }),
  maxPartitionFetchBytes: integer(1024 * 1024, { min: 1, max: 2 ** 31 - 1 }),
  isolationLevel: oneOf(['read_committed', 'read_uncommitted'], 'read_committed'),
  partitionAssignors: custom<readonly AssignorName[]>(['range', 'round-robin'], assignorsProblem),
  groupInstanceId: custom<string | undefined>(undefined, instanceIdProblem),
  metadataMaxAgeMs: durationMs(60_000, { min: 1 }),
  requestTimeoutMs: durationMs(30_000, { min: 1 }),
  checkCrcs: boolean(true),
};

/**
 * Checks what a user wrote for a consumer; problems are gathered in `check`, which the caller makes throw.
 * @param path where it stands in what the user wrote: 'options'
 */
export function resolveConsumerOptions(check: OptionsCheck, given: unknown, path: string): ResolvedConsumerOptions {
  const options = check.resolve(given, RULES, path);
  checkPairs(check, options, path);
  return options;
}

function checkPairs(check: OptionsCheck, options: CheckedConsumerOptions, path: string): void {
  const at = (name: keyof ConsumerOptions): string => (path === '' ? name : `${path}.${name}`);
  const { heartbeatIntervalMs, sessionTimeoutMs, fetchMaxWaitMs, requestTimeoutMs } = options;
  const areFine = (...names: (keyof ConsumerOptions)[]): boolean => check.isFine(...names.map(at));
  if (areFine('heartbeatIntervalMs', 'sessionTimeoutMs') && heartbeatIntervalMs * 3 > sessionTimeoutMs) {
    check.problem(
      at('heartbeatIntervalMs'),
      `must be at most a third of sessionTimeoutMs (${sessionTimeoutMs}), or one lost heartbeat ends the membership; got ${heartbeatIntervalMs}`,
    );
  }
  if (areFine('fetchMaxWaitMs', 'requestTimeoutMs') && fetchMaxWaitMs >= requestTimeoutMs) {
    check.problem(at('fetchMaxWaitMs'), `must be below requestTimeoutMs (${requestTimeoutMs}), got ${fetchMaxWaitMs}`);
  }
}

function assignorsProblem(value: unknown): string | undefined {
  const known = ASSIGNORS.map((name) => `'${name}'`).join(', ');
  if (!Array.isArray(value) || value.length === 0) {
    return `must be an array with at least one of ${known}, got ${describe(value)}`;
  }
  const unknown: unknown = value.find((name: unknown) => !ASSIGNORS.includes(name as AssignorName));
  if (unknown !== undefined) return `may hold ${known}, not ${describe(unknown)}`;
  return new Set(value).size === value.length ? undefined : 'must not name an assignor twice';
}

/** What brokers take: the rules for names of topics (Java's `JoinGroupRequest.validateGroupInstanceId`). */
function instanceIdProblem(value: unknown): string | undefined {
  const isLegal = typeof value === 'string' && /^[a-zA-Z0-9._-]{1,249}$/.test(value) && !/^\.{1,2}$/.test(value);
  return isLegal ? undefined : `must be 1 to 249 letters, digits, '.', '_' or '-', got ${describe(value)}`;
}
