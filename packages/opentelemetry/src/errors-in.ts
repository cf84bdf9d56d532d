import type { BatchResult } from '@hearken/listener';

/** Of the records that a listener of batches named as failed: none, if it returned nothing. */
export const errorsIn = (result: unknown): unknown[] =>
  ((result as Partial<BatchResult> | undefined)?.failed ?? []).map(({ error }) => error);
