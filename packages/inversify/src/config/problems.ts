import { KafkaConfigError } from '@hearken/core';
import type { OptionsCheck } from '@hearken/core/internal';

/** Runs what may refuse its options, and adds what it says to the other problems. Anything else goes on its way. */
export function gathering<T>(check: OptionsCheck, pathOf: (path: string) => string, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    addProblems(check, error, pathOf);
    return undefined;
  }
}

/** What several say of one path is told once. @throws what is no KafkaConfigError */
export function addProblems(check: OptionsCheck, error: unknown, pathOf: (path: string) => string): void {
  if (!isConfigError(error)) throw error;
  for (const { path, message } of error.problems) if (check.isFine(pathOf(path))) check.problem(pathOf(path), message);
}

/** By its code: two copies of core may be loaded. */
const isConfigError = (error: unknown): error is KafkaConfigError =>
  error instanceof KafkaConfigError || (error as Partial<KafkaConfigError> | null)?.code === 'INVALID_CONFIG';
