import type { ConsumerRecord, StandardSchemaV1 } from '@hearken/core';
import type { BatchListenerContext, ListenerContext } from '@hearken/listener';
import type { LevelName } from '@hearken/priority';
import type { ListenerNeed } from '../endpoint/kafka-listener-endpoint.js';

type AnyRecord = ConsumerRecord<unknown, unknown>;

/** Where a listener's argument comes from: what a parameter decorator says. */
export interface Argument {
  /** As messages name it: `@Payload()`. */
  readonly decorator: string;
  /** What payloads have to be, and become. */
  readonly schema?: StandardSchemaV1;
  /** Without what it could not be given. */
  readonly needs?: ListenerNeed['what'];
  ofRecord(record: AnyRecord, context: ListenerContext, level: LevelName): unknown;
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
