import type { ConsumerRecord, StandardSchemaV1 } from '@hearken/core';
import type { BatchListenerContext, ListenerContext } from '@hearken/listener';

type AnyRecord = ConsumerRecord<unknown, unknown>;

/** Where a listener's argument comes from: what a parameter decorator says. */
export interface Argument {
  /** As messages name it: `@Payload()`. */
  readonly decorator: string;
  /** What payloads have to be, and become. */
  readonly schema?: StandardSchemaV1;
  ofRecord(record: AnyRecord, context: ListenerContext): unknown;
  ofBatch(records: readonly AnyRecord[], context: BatchListenerContext): unknown;
}

/** An argument that each record has: for a batch the list of them. */
export const ofEach = (decorator: string, read: (record: AnyRecord) => unknown): Argument => ({
  decorator,
  ofRecord: read,
  ofBatch: (records) => records.map(read),
});

/** An argument that does not depend on records. */
export const ofContext = (
  decorator: string,
  read: (context: ListenerContext | BatchListenerContext) => unknown,
): Argument => ({
  decorator,
  ofRecord: (_record, context) => read(context),
  ofBatch: (_records, context) => read(context),
});
