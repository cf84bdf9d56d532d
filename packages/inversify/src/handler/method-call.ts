import type { ConsumerRecord } from '@hearken/core';
import type { BatchListenerFunction, BatchReturn, ListenerContext } from '@hearken/listener';
import type { LevelName, PriorityListenerFunction } from '@hearken/priority';
import type { Argument } from '../decorators/argument.js';

export type RecordCall = PriorityListenerFunction<unknown, unknown>;
export type BatchCall = BatchListenerFunction<unknown, unknown>;

type Method = (...args: readonly unknown[]) => unknown;
type Bean = Readonly<Record<string | symbol, unknown>>;

/** A method of a bean as a listener; looked up with each call, so that a spy put in its place is called. */
export function recordCall(bean: object, name: string | symbol, plan: readonly Argument[]): RecordCall {
  const target = bean as Bean;
  if (plan.length === 0) return (record, context, level) => (target[name] as Method)(record, context, level);
  return (record, context, level) => (target[name] as Method)(...argumentsOf(plan, record, context, level));
}

/** The same for batches. */
export function batchCall(bean: object, name: string | symbol, plan: readonly Argument[]): BatchCall {
  const target = bean as Bean;
  if (plan.length === 0) return (records, context) => (target[name] as Method)(records, context) as BatchReturn;
  return (records, context) =>
    (target[name] as Method)(...plan.map((argument) => argument.ofBatch(records, context))) as BatchReturn;
}

/** One array a record, and no closure. */
function argumentsOf(
  plan: readonly Argument[],
  record: ConsumerRecord<unknown, unknown>,
  context: ListenerContext,
  level: LevelName,
): readonly unknown[] {
  const values: unknown[] = [];
  for (const argument of plan) values.push(argument.ofRecord(record, context, level));
  return values;
}
