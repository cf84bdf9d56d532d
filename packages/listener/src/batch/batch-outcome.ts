import { codeOf, type ConsumerRecord } from '@hearken/core';
import { describe } from '@hearken/core/internal';
import { isManual } from '../container-properties.js';
import type { Delivery } from '../dispatch/delivery.js';
import { InvalidBatchResultError } from '../errors.js';
import type { PartsResult } from '../middleware/compose-batch.js';
import type { Batch } from './batch.js';

/** A record of a batch that failed by itself. */
export interface FailedDelivery {
  readonly delivery: Delivery;
  readonly error: unknown;
}

/** How the call for a batch ended. */
export type BatchOutcome =
  | { readonly kind: 'done' }
  /** The listener said of each record how it ended: these failed, these it did not get to, and all others are done. */
  | { readonly kind: 'named'; readonly failed: readonly FailedDelivery[]; readonly untouched: readonly Delivery[] }
  | { readonly kind: 'unnamed'; readonly error: unknown };

const DONE: BatchOutcome = { kind: 'done' };

/** The filter kept none of its records, so that the listener was not called. */
export const NONE_KEPT: BatchOutcome = { kind: 'done' };

/** What a listener that returned this says. What names no failures says nothing. */
export function outcomeOfResult(batch: Batch, result: unknown): BatchOutcome {
  const { failed, silent } = (typeof result === 'object' && result !== null ? result : {}) as Partial<PartsResult>;
  if (failed === undefined) return DONE;
  if (batch.nacked !== undefined && silent === undefined)
    return invalid('names failures of a batch that was given back by nack');
  if (!Array.isArray(failed)) return invalid(`failed must be a list of { index, error }, got ${describe(failed)}`);
  const errors = new Map<number, unknown>();
  for (const one of failed as readonly unknown[]) {
    const { index, error } = (one ?? {}) as { readonly index?: unknown; readonly error?: unknown };
    if (!isIndexOf(index, batch.given)) return invalid(`index ${shown(index, batch.given)}`);
    if (errors.has(index)) return invalid(`index ${index} is named twice`);
    errors.set(index, error);
  }
  return { kind: 'named', failed: failedOf(batch, errors), untouched: unsaidOf(batch, errors, silent) };
}

/** What an error says that a listener threw. */
export function outcomeOfError(batch: Batch, error: unknown): BatchOutcome {
  if (codeOf(error) !== 'BATCH_LISTENER_FAILED') return { kind: 'unnamed', error };
  const { index, record, cause } = error as {
    readonly index?: number;
    readonly record?: ConsumerRecord;
    readonly cause?: unknown;
  };
  const { handed, given } = batch;
  const failed =
    index === undefined ? handed.find((delivery) => delivery.record.offset === record?.offset) : handed[index];
  if (failed === undefined)
    return invalid(index === undefined ? 'the record is none of the batch' : `index ${shown(index, handed)}`, error);
  return failedAt(batch, given.indexOf(failed), cause ?? error);
}

/** The record at an index of `given` failed; those before it are done. */
export const failedAt = ({ given }: Batch, at: number, error: unknown): BatchOutcome => ({
  kind: 'named',
  failed: given.slice(at, at + 1).map((delivery) => ({ delivery, error })),
  untouched: given.slice(at + 1),
});

const failedOf = ({ given }: Batch, errors: ReadonlyMap<number, unknown>): FailedDelivery[] =>
  given.flatMap((delivery, i) => (errors.has(i) ? [{ delivery, error: errors.get(i) }] : []));

/** What is not done although the failures of other parts were named: it was given back, or is to be acknowledged later. */
function unsaidOf(batch: Batch, errors: ReadonlyMap<number, unknown>, silent: readonly number[] = []): Delivery[] {
  if (!isManual(batch.lead.ackMode)) return [];
  const isSilent = new Set(silent);
  const isLeftOut = new Set(batch.leftOut);
  return batch.given.filter((delivery, i) => {
    if (delivery.hasEnded || errors.has(i) || isLeftOut.has(delivery)) return false;
    return isSilent.has(i) || batch.comesAgain(delivery);
  });
}

const isIndexOf = (index: unknown, list: readonly unknown[]): index is number =>
  Number.isInteger(index) && (index as number) >= 0 && (index as number) < list.length;

const shown = (index: unknown, list: readonly unknown[]): string =>
  `must be a whole number from 0 to ${list.length - 1}, got ${describe(index)}`;

/** Nobody knows which records failed, so none is taken for done. */
const invalid = (problem: string, cause?: unknown): BatchOutcome => ({
  kind: 'unnamed',
  error: new InvalidBatchResultError(problem, cause),
});
