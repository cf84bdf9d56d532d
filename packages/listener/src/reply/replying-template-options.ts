import type { Bytes, ConsumerFactory, ConsumerRecord, Serde } from '@hearken/core';
import {
  callable,
  describe,
  durationMs,
  hasMethods,
  integer,
  OptionsCheck,
  required,
  text,
} from '@hearken/core/internal';
import type { KafkaTemplateOptions, Sendable } from '@hearken/template';

/** Where replies come from, and what they are. */
export interface RepliesOptions<K = Bytes, V = Bytes> {
  /** The topic they are read from; it must exist. Other instances and other applications may have theirs in it too. */
  readonly topic: string;
  /** What the name of this instance's own group begins with; a random part follows. @default the name of the topic */
  readonly groupPrefix?: string;
  /** @default bytes */
  readonly keySerde?: Serde<K>;
  /** @default bytes */
  readonly valueSerde?: Serde<V>;
  /** How long a request waits, from its call, unless it says so itself. Milliseconds, from 1. @default 5000, as in Spring */
  readonly timeoutMs?: number;
  /** How many requests may wait; more reject with `TOO_MANY_PENDING_REPLIES`. From 1. @default 10000 */
  readonly maxPending?: number;
  /** What the request rejects with if this reply means a failure; undefined if it does not. @default none does */
  readonly errorChecker?: (reply: ConsumerRecord<K, V>) => unknown;
}

export interface ReplyingKafkaTemplateOptions<
  K = Sendable,
  V = Sendable,
  RK = Bytes,
  RV = Bytes,
> extends KafkaTemplateOptions<K, V> {
  readonly replies: RepliesOptions<RK, RV>;
}

export interface ResolvedReplies<K, V> {
  readonly topic: string;
  readonly groupPrefix: string | undefined;
  readonly keySerde: Serde<K> | undefined;
  readonly valueSerde: Serde<V> | undefined;
  readonly timeoutMs: number;
  readonly maxPending: number;
  readonly errorChecker: ((reply: ConsumerRecord<K, V>) => unknown) | undefined;
}

/** @throws KafkaConfigError with everything wrong about both arguments */
export function resolveReplies<K, V>(
  consumerFactory: ConsumerFactory,
  replies: RepliesOptions<K, V> | undefined,
): Readonly<ResolvedReplies<K, V>> {
  const check = new OptionsCheck('ReplyingKafkaTemplate');
  if (!hasMethods(consumerFactory, ['createConsumer'])) {
    check.problem('consumerFactory', `must have the method createConsumer, got ${describe(consumerFactory)}`);
  }
  const resolved = check.resolve<ResolvedReplies<K, V>>(
    replies,
    {
      topic: required(text(undefined)),
      groupPrefix: text(undefined),
      keySerde: callable('serialize', 'deserialize'),
      valueSerde: callable('serialize', 'deserialize'),
      timeoutMs: durationMs(5_000, { min: 1 }),
      maxPending: integer(10_000, { min: 1 }),
      errorChecker: callable(),
    },
    'replies',
  );
  check.throwIfAny();
  return resolved;
}
