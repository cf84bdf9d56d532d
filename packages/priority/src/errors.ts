import { KafkaError } from '@hearken/core';

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
