import type { ConsumerRecord, Headers as RecordHeaders, InferOutput, StandardSchemaV1 } from '@hearken/core';
import type { Acknowledgment, BatchAcknowledgment, BatchListenerContext, ListenerContext } from '@hearken/listener';
import type { LevelName } from '@hearken/priority';
import { ofContext, ofEach, type Argument } from './argument.js';
import { declareMethod } from './declarations.js';

/** The type of a parameter; `unknown` where the compiler does not tell the method, as with a private one. */
type ParameterAt<T, M, I extends number> = M extends keyof T
  ? T[M] extends (...args: infer Parameters) => unknown
    ? Parameters[I]
    : unknown
  : unknown;

/** Nothing more to ask if the parameter takes the one or the other; else what no index can be. */
type Takes<Parameter, One, Many> = [One] extends [Parameter]
  ? unknown
  : [Many] extends [Parameter]
    ? unknown
    : { readonly 'the parameter has to take': One };

/** Decorates a parameter that takes `One` in a listener of records, or `Many` in one of batches: any other does not compile. */
export type ListenerParameter<One, Many = readonly One[]> = <
  T extends object,
  M extends string | symbol,
  I extends number,
>(
  target: T,
  method: M,
  index: I & Takes<ParameterAt<T, M, I>, One, Many>,
) => void;

const parameter =
  (argument: Argument): ListenerParameter<never> =>
  (target, method, index) => {
    const { parameters, mistakes } = declareMethod(target, method);
    const before = parameters[index];
    if (before !== undefined)
      mistakes.push(`parameter ${index} cannot be both ${argument.decorator} and ${before.decorator}`);
    parameters[index] = argument;
  };

/**
 * The record's value; in a batch listener the list of them. With a schema (Standard Schema: zod, valibot, arktype, …) it is
 * checked, and is what the schema makes of it: as part of decoding, so that a value that does not fit fails as one that
 * cannot be decoded does, without a retry and with its bytes. A `@KafkaListener` without a `valueSerde` then reads JSON.
 */
export function Payload<S extends StandardSchemaV1>(schema: S): ListenerParameter<InferOutput<S>>;
export function Payload(): ListenerParameter<never>;
export function Payload(schema?: StandardSchemaV1): ListenerParameter<never> {
  return parameter({ ...ofEach('@Payload()', ({ value }) => value), ...(schema === undefined ? {} : { schema }) });
}

/**
 * The last header of that name, as UTF-8 text or as `decode` reads it; undefined where there is none or it is null. In a
 * batch listener a list, one for each record.
 */
export function Header<T>(name: string, decode: (bytes: Buffer) => T): ListenerParameter<T | undefined>;
export function Header(name: string): ListenerParameter<string | undefined>;
export function Header(name: string, decode: (bytes: Buffer) => unknown = utf8): ListenerParameter<never> {
  return parameter(
    ofEach(`@Header('${name}')`, ({ headers }) => {
      const bytes = headers.get(name);
      return bytes == null ? undefined : decode(bytes);
    }),
  );
}

const utf8 = (bytes: Buffer): string => bytes.toString('utf8');

/** All headers of the record; in a batch listener the list of them. */
export const Headers = (): ListenerParameter<RecordHeaders> =>
  parameter(ofEach('@Headers()', ({ headers }) => headers));

/** The record itself; in a batch listener the list of them. */
export const Record = (): ListenerParameter<ConsumerRecord<never, never>> =>
  parameter(ofEach('@Record()', (record) => record));

/** What acknowledges the record, or the batch. Under an `ackMode` that is not manual the application does not start. */
export const Ack = (): ListenerParameter<Acknowledgment, BatchAcknowledgment> =>
  parameter({ ...ofContext('@Ack()', ({ acknowledgment }) => acknowledgment), needs: 'manual-acks' });

/** The level of the record: its number and name. Where the listener has no `levels` the application does not start. */
export const Level = (): ListenerParameter<LevelName, LevelName> =>
  parameter({
    decorator: '@Level()',
    needs: 'levels',
    ofRecord: (_record, _context, level) => level,
    ofBatch: () => undefined, // never asked: there are no levels with batches
  });

/** Aborts when the listener should give up; see `ListenerContext.signal`. */
export const Signal = (): ListenerParameter<AbortSignal> => parameter(ofContext('@Signal()', ({ signal }) => signal));

/** What a listener without parameter decorators gets behind its record. */
export const Context = (): ListenerParameter<ListenerContext, BatchListenerContext> =>
  parameter(ofContext('@Context()', (context) => context));
