import type { Ownership } from '../offsets/ownership.js';
import type { Delivery } from './delivery.js';

/** What a lane runs at once, in one call of the listener: a record, or a batch. */
export interface Work {
  readonly ownership: Ownership;
  /** Of its records, at least one. */
  readonly deliveries: Iterable<Delivery>;
  /** Of its first record: has the attempt's number and signal. */
  readonly lead: Delivery;
  /** Of its last record. */
  readonly lastOffset: number;
  /** Nothing is left to be done for it: it was acknowledged while it waited to be tried again. */
  readonly hasEnded: boolean;
  /** Whether somebody waits for the attempt. */
  readonly isAwaited: boolean;
  /** An attempt begins. */
  begin(taskSignal: AbortSignal): void;
  /** Nobody waits for the attempt from now on: it waits for the container itself. */
  excuse(): void;
}
