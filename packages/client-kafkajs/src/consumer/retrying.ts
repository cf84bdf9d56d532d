import { setMaxListeners } from 'node:events';
import { isKafkaError, KafkaError, type Clock } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { backOffMs } from '../cluster/back-off.js';
import { KafkaConnectionError } from '../errors.js';
import type { ConsumerContext } from './consumer-context.js';

export interface RetryOptions {
  /** How long to go on, over all attempts. @default for ever */
  readonly timeoutMs?: number;
  /** Stops retrying: what was to be done is no longer wanted. The consumer's close stops it in any case. */
  readonly signal?: AbortSignal;
  /** Errors that end it although they are retriable: later, by someone else. */
  readonly isFinal?: (error: unknown) => boolean;
}

/** Failures in a row before a user should hear of it: about two seconds of trouble. */
export const WARN_AFTER_FAILURES = 5;

/**
 * Repeats `attempt` with growing delays while it rejects with a retriable error; rejects with the last error.
 * @param attempt given what the attempt before failed with
 * @throws KafkaError `CLIENT_CLOSED`, or `INTERRUPTED` for the signal's sake, with the last error as its cause, instead of
 * another attempt
 */
export async function retrying<T>(
  context: ConsumerContext,
  attempt: (before: unknown) => Promise<T>,
  { timeoutMs = Infinity, signal = context.closed, isFinal = () => false }: RetryOptions = {},
): Promise<T> {
  const isStopped = (): boolean => signal.aborted || context.closed.aborted;
  const deadlineMs = context.clock.monotonic() + timeoutMs;
  let before: unknown;
  for (let attempts = 1; ; attempts++) {
    if (isAborted(context.closed)) throw cutOff(before);
    if (isAborted(signal))
      throw new KafkaError('nobody waits for this any more', { code: 'INTERRUPTED', cause: before });
    try {
      return await attempt(before);
    } catch (error) {
      const delayMs = backOffMs(attempts, Math.random());
      const hopeless = !isKafkaError(error) || !error.retriable || isFinal(error);
      if (hopeless || isStopped() || context.clock.monotonic() + delayMs > deadlineMs) throw error;
      before = context.retried.error = error;
      const level = attempts === WARN_AFTER_FAILURES ? 'warn' : 'debug';
      context.logger[level]({ error, attempts, delayMs }, 'consumer: will try again');
      await pause(context.clock, delayMs, signal, context.closed);
    }
  }
}

/** What waits, or would be tried again, ends with this when the consumer closes; as what is in flight then. */
export const cutOff = (cause: unknown): KafkaConnectionError =>
  new KafkaConnectionError('the consumer was closed', { code: 'CLIENT_CLOSED', cause });

/**
 * Resolves after `delayMs`, or as soon as one of the signals aborts. Not by `AbortSignal.any`: on Node 20 a signal keeps
 * something of every other that was ever made of it, and these may live as long as the consumer.
 */
export async function pause(
  clock: Clock,
  delayMs: number,
  ...signals: readonly [AbortSignal, ...AbortSignal[]]
): Promise<void> {
  if (signals.some(isAborted)) return;
  const { promise, resolve } = deferred();
  const end = (): void => resolve();
  const timer = clock.setTimer(end, delayMs);
  setMaxListeners(0, ...signals); // commits may wait by the dozen, and Node takes more than ten listeners for a leak
  for (const signal of signals) signal.addEventListener('abort', end);
  await promise;
  for (const signal of signals) signal.removeEventListener('abort', end);
  timer.clear();
}

/** A call, because the compiler takes a property that was read before an `await` for unchanged after it. */
export const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Resolves when `signal` aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = deferred();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

/** What `work` ends with, or undefined as soon as `signal` aborts; after that nobody hears how it ends. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve, reject } = deferred<T | undefined>();
  const end = (): void => resolve(undefined);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', end); // the signal may live as long as the consumer
  }
}

/** Resolves when `work` does, or after `timeoutMs`. */
export async function atMost(clock: Clock, work: Promise<void>, timeoutMs: number): Promise<void> {
  const { promise, resolve } = deferred();
  const timer = clock.setTimer(() => resolve(), timeoutMs);
  try {
    await Promise.race([work, promise]);
  } finally {
    timer.clear();
  }
}
