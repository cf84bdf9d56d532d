import { custom, describe, hasMethods, integer, text, type OptionRules } from '@hearken/core/internal';
import { ExponentialBackOff, type BackOff } from '../failure/back-off.js';
import type { DeadLetterTemplate } from '../failure/dead-letter-publishing-recoverer.js';
import { backOffProblem } from '../failure/default-error-handler.js';

/** Where records of parked keys go, and how they are worked off. */
export interface ParkingProperties {
  /** Its producer is used, its serdes, interceptors and listeners are not. With `acks: 'all'`, which is the default (`ACKS_NOT_ALL`). */
  readonly template: DeadLetterTemplate;
  /**
   * What comes after a topic in the name of its parked topic, which has to have as many partitions at least, to delete nothing before it
   * was worked off, and not to be compacted (`PARKED_TOPIC_COMPACTED`). After that the group's name is the one that commits it too.
   * @default '-parked'
   */
  readonly suffix?: string;
  /**
   * When a parked record that failed again is tried again. When it gives up, the error handler's recoverer has the record and
   * its key goes on; without a recoverer the container stops. @default from a second to a minute apart, without an end
   */
  readonly backOff?: BackOff;
  /** How many parked records may be at the listener at once, beside what the container's own slots do: from 1. @default 1 */
  readonly concurrency?: number;
  /**
   * How many parked records of a partition are held for as long as their key cannot go on, beside as many for those that can: from 1. When
   * half of it is taken by keys that cannot, no other parked key of the partition is worked off (`parked:filled`). @default 20000
   */
  readonly bufferRecords?: number;
  /** The same of their keys and values, in bytes: from 1. @default 64 MiB */
  readonly bufferBytes?: number;
}

/** Nobody waits for it but its key, and what it waits for is somebody who mends something. */
const DEFAULT_BACK_OFF: BackOff = new ExponentialBackOff({
  initialIntervalMs: 1_000,
  maxIntervalMs: 60_000,
  maxRetries: Number.MAX_SAFE_INTEGER,
});

const templateProblem = (value: unknown): string | undefined =>
  hasMethods(value, ['execute', 'partitionsFor'])
    ? undefined
    : `must have the methods execute and partitionsFor, as a KafkaTemplate has, got ${describe(value)}`;

export const PARKING_RULES: OptionRules<Required<ParkingProperties>> = {
  template: { ...custom<DeadLetterTemplate>(undefined as never, templateProblem), required: true },
  suffix: text('-parked'),
  backOff: custom<BackOff>(DEFAULT_BACK_OFF, backOffProblem),
  concurrency: integer(1, { min: 1 }),
  bufferRecords: integer(20_000, { min: 1 }),
  bufferBytes: integer(64 * 1024 * 1024, { min: 1 }),
};
