import { errorName, isRetriableError } from '@hearken/protocol';

/**
 * What an answer means for a batch.
 * - written: it stands in the log, from this attempt or an earlier one
 * - retry: the same bytes once more, later
 * - split: too large for the broker: in two, each may fit
 * - drop-named: the records it names are bad, the others were not written because of them
 * - renew-identity: the broker and we disagree on what was written before: this batch fails, the next start afresh
 * - fail: it will not be written
 */
export type Verdict = 'written' | 'retry' | 'split' | 'drop-named' | 'renew-identity' | 'fail';

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const IDENTITY_LOST = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
]);

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
  ...IDENTITY_LOST,
]);

/** @param answer its code, and how many records of the batch the broker named as bad */
export function verdictOf(
  { errorCode, namedRecords }: { readonly errorCode: number; readonly namedRecords: number },
  { recordCount }: { readonly recordCount: number },
): Verdict {
  const name = errorName(errorCode);
  if (name === 'NONE' || name === 'DUPLICATE_SEQUENCE_NUMBER') return 'written';
  if (IDENTITY_LOST.has(name)) return 'renew-identity';
  if (TOO_LARGE.has(name)) return recordCount > 1 ? 'split' : 'fail';
  if (namedRecords > 0) return 'drop-named';
  return isRetriableError(errorCode) ? 'retry' : 'fail';
}

/** Whether this answer proves that its request wrote nothing. */
export const isRefusal = (errorCode: number): boolean => REFUSALS.has(errorName(errorCode));
