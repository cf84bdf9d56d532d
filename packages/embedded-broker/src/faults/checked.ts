import { KafkaConfigError } from '@hearken/core';
import type { OptionRule } from '@hearken/core/internal';

/** An argument that must be given and keep a rule. @throws KafkaConfigError */
export function checked<T>(subject: string, name: string, value: T, { check }: OptionRule<T | undefined>): T {
  const problem = value === undefined ? 'is required' : check(value);
  if (problem !== undefined) throw new KafkaConfigError(subject, [{ path: name, message: problem }]);
  return value;
}
