import { isKafkaError, KafkaError } from '@hearken/core';
import { backOffMs } from '../cluster/back-off.js';
import type { Cluster } from '../cluster/cluster.js';
import { brokerError, isRetriable, type KafkaBrokerError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';

/** What every admin call works with. */
export interface AdminClient {
  readonly cluster: Cluster;
  readonly kafka: ResolvedKafkaOptions;
}

/** Kafka calls it retriable because the topic may be on its way; whoever administers topics wants to know at once. */
const NOT_HERE = ['UNKNOWN_TOPIC_OR_PARTITION'];

/**
 * Repeats `attempt`, with growing pauses, while it rejects with what goes away by itself; for `requestTimeout` at most.
 * @throws the last error
 */
export async function retrying<T>({ cluster, kafka }: AdminClient, attempt: (n: number) => Promise<T>): Promise<T> {
  const deadline = kafka.clock.monotonic() + kafka.requestTimeoutMs;
  for (let n = 1; ; n++) {
    try {
      return await attempt(n);
    } catch (error) {
      const isFinal = !isRetriable(error) || NOT_HERE.includes(error.code) || kafka.clock.monotonic() >= deadline;
      // No broker was ever found, in all of bootstrapTimeoutMs: that is more likely a wrong address than a restart.
      if (isFinal || cluster.nodes.length === 0) throw error;
      await cluster.pause(backOffMs(n, Math.random()));
    }
  }
}

/** What a broker said of one topic, partition or group. */
export interface Verdict {
  /** "topic orders" */
  readonly about: string;
  readonly errorCode: number;
  /** The broker's own words, if it has any. */
  readonly message?: string | null | undefined;
  readonly hint?: string | undefined;
}

/** Throws for the verdicts that are errors: the first one's code, every one's message. */
export function throwIfAny(verdicts: readonly Verdict[]): void {
  const errors = verdicts.filter(({ errorCode }) => errorCode !== 0).map(toError);
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  throw new KafkaError(errors.map(({ message }) => message).join('; '), {
    code: first.code,
    retriable: errors.every(({ retriable }) => retriable),
    cause: new AggregateError(errors),
  });
}

const toError = ({ about, errorCode, message, hint }: Verdict): KafkaBrokerError =>
  brokerError(errorCode, about, hint ?? message ?? undefined);

/** Whether an error has this code. */
export const hasCode = (error: unknown, code: string): boolean => isKafkaError(error) && error.code === code;
