import {
  defaultLogger,
  systemClock,
  type Bytes,
  type Clock,
  type Logger,
  type ProducerFactory,
  type ProducerRecord,
  type RecordMetadata,
  type Serde,
} from '@hearken/core';
import { boolean, callable, custom, describe, hasMethods, OptionsCheck, text } from '@hearken/core/internal';
import type { SendError } from './errors.js';

/** What is sent without a serde: bytes as they are, text as UTF-8, null as no key or a tombstone. */
export type Sendable = Bytes | string;

/**
 * Told how each send ended, just before its promise settles. It cannot break or delay a send: what it throws, and what a
 * promise it returns rejects with, is logged.
 */
export interface ProducerListener<K = Sendable, V = Sendable> {
  onSuccess?(record: ProducerRecord<K, V>, metadata: RecordMetadata): unknown;
  onError?(record: ProducerRecord<K, V>, error: SendError<K, V>): unknown;
}

/**
 * Sees each record before it is checked and serialised, and returns it or another one in its place. As an object it may also
 * hear how the send ended, as a {@link ProducerListener} does; Kafka's `ProducerInterceptor`.
 */
export type ProducerInterceptor<K = Sendable, V = Sendable> =
  | ((record: ProducerRecord<K, V>) => ProducerRecord<K, V>)
  | {
      onSend(record: ProducerRecord<K, V>): ProducerRecord<K, V>;
      /** One of both is given: where the record was written, or why it was not, or nobody knows. */
      onAcknowledgement?(metadata: RecordMetadata | undefined, error: SendError<K, V> | undefined): unknown;
    };

export interface KafkaTemplateOptions<K = Sendable, V = Sendable> {
  /** Where `sendDefault` sends to. */
  readonly defaultTopic?: string;
  /** @default bytes pass, strings become UTF-8, null is no key */
  readonly keySerde?: Serde<K>;
  /** @default bytes pass, strings become UTF-8, null is a tombstone */
  readonly valueSerde?: Serde<V>;
  readonly producerListener?: ProducerListener<K, V>;
  /** Called in this order, each with what the one before returned; one that throws rejects that send. @default none */
  readonly interceptors?: readonly ProducerInterceptor<K, V>[];
  /** Whether every send asks the producer to send at once what is buffered. Costs the batches. @default false */
  readonly autoFlush?: boolean;
  /** Told what a producer listener threw. @default warnings and errors to stderr */
  readonly logger?: Logger;
  /** Bounds `close`. @default the system's */
  readonly clock?: Clock;
}

export interface ResolvedTemplateOptions<K, V> {
  readonly defaultTopic: string | undefined;
  readonly keySerde: Serde<K> | undefined;
  readonly valueSerde: Serde<V> | undefined;
  readonly producerListener: ProducerListener<K, V> | undefined;
  readonly interceptors: readonly ProducerInterceptor<K, V>[];
  readonly autoFlush: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** @throws KafkaConfigError with everything wrong about both arguments */
export function resolveTemplateOptions<K, V>(
  producerFactory: ProducerFactory,
  options: KafkaTemplateOptions<K, V> | undefined,
): Readonly<ResolvedTemplateOptions<K, V>> {
  const check = new OptionsCheck('KafkaTemplate');
  if (!hasMethods(producerFactory, ['createProducer'])) {
    check.problem('producerFactory', `must have the method createProducer, got ${describe(producerFactory)}`);
  }
  const resolved = check.resolve<ResolvedTemplateOptions<K, V>>(options, {
    defaultTopic: text(undefined),
    keySerde: callable('serialize', 'deserialize'),
    valueSerde: callable('serialize', 'deserialize'),
    producerListener: custom(undefined, checkListener),
    interceptors: custom([], checkInterceptors),
    autoFlush: boolean(false),
    logger: { ...callable<Logger>('debug', 'info', 'warn', 'error'), default: defaultLogger },
    clock: { ...callable<Clock>('now', 'monotonic', 'setTimer'), default: systemClock },
  });
  check.throwIfAny();
  return resolved;
}

function checkListener(listener: unknown): string | undefined {
  const isListener = hasMethods(listener, ['onSuccess']) || hasMethods(listener, ['onError']);
  return isListener ? undefined : `must have the method onSuccess, onError or both, got ${describe(listener)}`;
}

function checkInterceptors(interceptors: unknown): string | undefined {
  if (!Array.isArray(interceptors)) return `must be an array, got ${describe(interceptors)}`;
  const wrong = interceptors.findIndex((one) => typeof one !== 'function' && !hasMethods(one, ['onSend']));
  if (wrong < 0) return undefined;
  return `must hold functions or objects with the method onSend; number ${wrong} is ${describe(interceptors[wrong])}`;
}
