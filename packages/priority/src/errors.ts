import { isKafkaError, KafkaError } from '@hearken/core';

/** The capacity cannot be shared out so that every level gets something. Code `QUOTA_CAPACITY_TOO_SMALL`. */
export class QuotaCapacityError extends KafkaError {
  readonly capacity: number;

  constructor(capacity: number, needed: string) {
    super(`a capacity of ${capacity} is too small: ${needed}`, { code: 'QUOTA_CAPACITY_TOO_SMALL' });
    this.capacity = capacity;
  }
}

/** A distributor's shares cannot be used. Says everything that is wrong with them. Code `INVALID_DISTRIBUTION`. */
export class InvalidDistributionError extends KafkaError {
  readonly problems: readonly string[];

  constructor(subject: string, problems: readonly string[]) {
    super(`the shares of ${subject} cannot be used: ${problems.join('; ')}`, { code: 'INVALID_DISTRIBUTION' });
    this.problems = problems;
  }
}

/** There is no such level. Code `PRIORITY_OUT_OF_RANGE`. */
export class PriorityOutOfRangeError extends KafkaError {
  constructor(problem: string) {
    super(problem, { code: 'PRIORITY_OUT_OF_RANGE' });
  }
}

/** Levels of a topic have different numbers of partitions, so a key has not one partition number. Code `UNEQUAL_PARTITIONS`. */
export class UnequalPartitionsError extends KafkaError {
  /** How many each topic has. */
  readonly partitions: Readonly<Record<string, number>>;

  constructor(topic: string, partitions: Readonly<Record<string, number>>) {
    const counts = Object.entries(partitions).map(([name, count]) => `${name} has ${count}`);
    super(`the levels of ${topic} differ in partitions, and so a key's partition differs: ${counts.join(', ')}`, {
      code: 'UNEQUAL_PARTITIONS',
    });
    this.partitions = partitions;
  }
}

/** A level's container failed, and with it the whole priority container stops. Code `LEVEL_FAILED`; the cause is what that one failed with. */
export class LevelFailedError extends KafkaError {
  readonly priority: number;

  constructor(level: { readonly priority: number; readonly name: string }, cause: unknown) {
    super(`level ${level.name} failed${because(cause)}`, { code: 'LEVEL_FAILED', cause });
    this.priority = level.priority;
  }
}

/** A policy threw, or chose a level that was not ready: the container stops. Code `POLICY_FAILED`. */
export class PolicyFailedError extends KafkaError {
  constructor(policy: string, cause: unknown) {
    super(`the dispatch policy ${policy} failed${because(cause)}`, { code: 'POLICY_FAILED', cause });
  }
}

/** The words of errors that are not ours stay in the cause: they may quote what is in a record. */
const because = (cause: unknown): string =>
  isKafkaError(cause)
    ? `: ${cause.message}`
    : ` with ${cause instanceof Error ? cause.name : typeof cause}, see the cause`;
