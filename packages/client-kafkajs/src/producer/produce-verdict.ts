import { errorName, isRetriableError } from '@hearken/protocol';

/**
 * What an answer means for a batch.
 * - written: it stands in the log, from this attempt or an earlier one
 * - retry: the same bytes once more, later
 * - split: too large for the broker: in two, each may fit
 * - drop-named: the records it names are bad, the others were not written because of them
 * - out-of-sequence: not what the broker takes next from this producer: it depends on the batches before
 * - fail: it will not be written
 */
export type Verdict = 'written' | 'retry' | 'split' | 'drop-named' | 'out-of-sequence' | 'fail';

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
const OUT_OF_SEQUENCE = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', ...FENCED]);

/** Errors found before anything is appended. A leader that steps down meanwhile answers others after it has appended. */
const REFUSALS = new Set([
  ...TOO_LARGE,
  'CORRUPT_MESSAGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_VERSION',
  'NOT_ENOUGH_REPLICAS',
  'POLICY_VIOLATION',
  ...OUT_OF_SEQUENCE,
]);

/** @param answer its code, and how many records of the batch the broker named as bad */
export function verdictOf(
  { errorCode, namedRecords }: { readonly errorCode: number; readonly namedRecords: number },
  { recordCount }: { readonly recordCount: number },
): Verdict {
  const name = errorName(errorCode);
  if (name === 'NONE' || name === 'DUPLICATE_SEQUENCE_NUMBER') return 'written';
  if (OUT_OF_SEQUENCE.has(name)) return 'out-of-sequence';
  if (TOO_LARGE.has(name)) return recordCount > 1 ? 'split' : 'fail';
  if (namedRecords > 0) return 'drop-named';
  return isRetriableError(errorCode) ? 'retry' : 'fail';
}

/** Whether this answer proves that its request wrote nothing. */
export const isRefusal = (errorCode: number): boolean => REFUSALS.has(errorName(errorCode));

/** Whether the broker takes nothing more from this producer id and epoch. */
export const isFenced = (errorCode: number): boolean => FENCED.has(errorName(errorCode));
