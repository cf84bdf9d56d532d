import { integer, OptionsCheck } from '@hearken/core/internal';
import { MAX_LEVELS } from '../levels.js';

/** Flipkart counts in Java's int. */
const MAX_CAPACITY = 2 ** 31 - 1;

/**
 * Too small a capacity is left to the distributor, which knows how much it needs.
 * @throws KafkaConfigError with everything that is wrong
 */
export function requireQuotaArguments(subject: string, maxPriority: number, capacity: number): void {
  const check = new OptionsCheck(`${subject}.distribution`);
  check.resolve(
    { maxPriority, capacity },
    {
      maxPriority: integer(undefined, { min: 1, max: MAX_LEVELS }),
      capacity: integer(undefined, { min: -MAX_CAPACITY, max: MAX_CAPACITY }),
    },
  );
  check.throwIfAny();
}
