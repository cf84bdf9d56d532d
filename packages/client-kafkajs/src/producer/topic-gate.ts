import { codeOf } from '@hearken/core';
import { isRetriable, KafkaBrokerError } from '../errors.js';
import { Fifo } from './fifo.js';
import type { PendingRecord } from './pending-record.js';
import type { ProducerTopic } from './producer-topic.js';

/** A topic that was made a moment ago may not be known to every broker yet. */
const PATIENCE_MS = 1_000;

/** Records that wait until their topic's partitions are known, and how the look-up stands. */
export class TopicGate {
  readonly topic: ProducerTopic;
  readonly sinceMs: number;
  readonly waiting = new Fifo<PendingRecord>();
  failures = 0;
  lastError: unknown;
  /** When to ask (again); Infinity while an answer is awaited. */
  askAtMs: number;

  constructor(topic: ProducerTopic, nowMs: number) {
    this.topic = topic;
    this.sinceMs = nowMs;
    this.askAtMs = nowMs;
  }
}

/** What tells whether a failed look-up may still succeed. */
export interface LookUpCircumstances {
  readonly waitedMs: number;
  /** Whether any look-up of this producer ever succeeded. */
  readonly wasConnected: boolean;
}

/**
 * Whether to ask again. A cluster that has never answered is more likely a wrong address than a restart, so its error is
 * told at once; so is an unknown topic, unless it may have been made a moment ago.
 */
export function isWorthAskingAgain(error: unknown, { waitedMs, wasConnected }: LookUpCircumstances): boolean {
  if (codeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return waitedMs < PATIENCE_MS;
  return isRetriable(error) && (wasConnected || error instanceof KafkaBrokerError);
}
