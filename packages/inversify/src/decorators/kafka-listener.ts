import type { ConsumerRecord } from '@hearken/core';
import type { BatchProperties } from '@hearken/listener';
import type { AbstractNewable } from 'inversify';
import type { KafkaListenerOptions } from '../endpoint/kafka-listener-options.js';
import { declare, declareMethod, requireLegacyDecorators } from './declarations.js';

/** `unknown` is what nobody said: it is for whoever writes the handler to know. */
type Fits<Given, Taken> = unknown extends Given ? true : [Given] extends [Taken] ? true : false;

/** Nothing more to ask, or what no method can be. */
type TakesRecord<K, V, TakenK, TakenV> =
  Fits<K, TakenK> extends true
    ? Fits<V, TakenV> extends true
      ? unknown
      : { readonly 'the value of the record is': V }
    : { readonly 'the key of the record is': K };

/** What the first parameter of a method has to be, where it is a record or a list of them; parameter decorators see to others. */
type Listens<Method, K, V, Batch> = Method extends (first: infer First, ...rest: never) => unknown
  ? unknown extends First
    ? unknown
    : First extends ConsumerRecord<infer TakenK, infer TakenV>
      ? Batch extends false
        ? TakesRecord<K, V, TakenK, TakenV>
        : { readonly 'with batch the method takes': readonly ConsumerRecord<K, V>[] }
      : First extends readonly ConsumerRecord<infer TakenK, infer TakenV>[]
        ? Batch extends false
          ? { readonly 'without batch the method takes': ConsumerRecord<K, V> }
          : TakesRecord<K, V, TakenK, TakenV>
        : unknown
  : unknown;

/** Decorates a method that takes such records, or a class. */
export interface KafkaListenerDecorator<K, V, Batch> {
  <Method extends (...args: never) => unknown>(
    target: object,
    method: string | symbol,
    descriptor: TypedPropertyDescriptor<Method> & Listens<Method, K, V, Batch>,
  ): void;
  (target: AbstractNewable): void;
}

/**
 * Makes a method listen: as often as it stands there, each time with a container of its own. Without decorators on its
 * parameters it is a listener as containers take it, `(record, context)`, or with `batch` `(records, context)`. On a class the
 * records go to its `@KafkaHandler` methods. Subclasses inherit it; who overrides the method need not repeat it, and who
 * does replaces it.
 *
 * Only says what is to be: nothing is checked and nothing listens before the application starts, which then tells all that is
 * wrong with all its listeners in one KafkaConfigError.
 */
export function KafkaListener<
  K = unknown,
  V = unknown,
  const Batch extends boolean | BatchProperties | undefined = false,
>(options: KafkaListenerOptions<K, V> & { readonly batch?: Batch } = {}): KafkaListenerDecorator<K, V, Batch> {
  return (target: object, method?: string | symbol) => {
    requireLegacyDecorators(method);
    const { listeners } = method === undefined ? declare(target) : declareMethod(target, method);
    listeners.unshift(options as KafkaListenerOptions); // decorators run from the last to the first
  };
}
