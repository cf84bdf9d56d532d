import { IllegalStateError, type ConsumerRecord, type Timer, type TopicPartition } from '@hearken/core';
import { describeError, describePartition, describePartitions, integer, OptionsCheck } from '@hearken/core/internal';
import { describeRecord } from './describe-record.js';
import { WaitError } from './errors.js';
import { resolveWait, type WaitOptions } from './wait-options.js';

interface FailedAttempt {
  readonly record: TopicPartition & { readonly offset: number };
  readonly error: unknown;
  readonly attempt: number;
}

/** The part of a `MessageListenerContainer` that `received` looks at. */
export interface ListeningContainer<K, V> {
  readonly state: string;
  assignment(): readonly TopicPartition[];
  metrics(): { readonly processed: number; readonly outstanding: number };
  on(name: 'record:retried' | 'record:failed', listener: (event: FailedAttempt) => unknown): () => void;
  on(name: 'container:stopped', listener: (event: { readonly error?: unknown }) => unknown): () => void;
  // The last one: it is where K and V are inferred from.
  on(name: 'listener:returned', listener: (event: { readonly record: ConsumerRecord<K, V> }) => unknown): () => void;
}

const watched = new WeakMap<object, unknown>();

/**
 * Resolves with the next `count` records that the container's listener was handed and ended well with, as it got them, in
 * the order in which it ended; of a batch listener each record of its batches. "Next" goes on from the call before, so that nothing between two calls is missed; the first
 * call for a container has to come before its records do:
 *
 * ```ts
 * const arrived = received(container, 2);
 * await template.send('orders', order);
 * const [first, second] = await arrived;
 * ```
 *
 * Rejects with a {@link WaitError} that says what came: `TIMED_OUT`; `CONTAINER_STOPPED` as soon as no more can come. With
 * an IllegalStateError `RECORDS_MISSED` if the container had processed records before the first call. A promise nobody
 * waits for any more is no unhandled rejection.
 * @param count from 1
 */
export function received<K, V>(
  container: ListeningContainer<K, V>,
  count: number,
  options: WaitOptions = {},
): Promise<readonly ConsumerRecord<K, V>[]> {
  const records = take(container, count, options);
  records.catch(() => undefined);
  return records;
}

async function take<K, V>(
  container: ListeningContainer<K, V>,
  count: number,
  options: WaitOptions,
): Promise<readonly ConsumerRecord<K, V>[]> {
  const check = new OptionsCheck('received');
  check.resolve({ count }, { count: integer(1, { min: 1 }) });
  check.throwIfAny();
  const wait = resolveWait('received', options);
  const known = watched.get(container) as ReceivedRecords<K, V> | undefined;
  const records = known ?? new ReceivedRecords(container);
  watched.set(container, records);
  return await records.next(count, wait);
}

interface Taker<K, V> {
  readonly count: number;
  readonly timer: Timer;
  readonly resolve: (records: readonly ConsumerRecord<K, V>[]) => void;
  readonly reject: (error: WaitError) => void;
}

/** What one container's listener ended well with and no test took yet, and the tests that wait for more. */
class ReceivedRecords<K, V> {
  readonly #container: ListeningContainer<K, V>;
  readonly #untaken: ConsumerRecord<K, V>[] = [];
  readonly #takers: Taker<K, V>[] = [];
  #lastFailure: FailedAttempt | undefined;
  #stopped: { readonly error?: unknown } | undefined;

  constructor(container: ListeningContainer<K, V>) {
    const { processed } = container.metrics();
    if (processed > 0) {
      const missed = `the container processed ${processed} before received() was first called for it`;
      throw new IllegalStateError(`${missed}: call it before records can come`, 'RECORDS_MISSED');
    }
    this.#container = container;
    container.on('listener:returned', ({ record }) => {
      this.#untaken.push(record);
      this.#serve();
    });
    for (const name of ['record:retried', 'record:failed'] as const) {
      container.on(name, (failure) => (this.#lastFailure = failure));
    }
    container.on('container:stopped', (stopped) => this.#giveUp(stopped));
    if (['stopped', 'failed'].includes(container.state)) this.#stopped = {};
  }

  next(count: number, { timeoutMs, clock }: Required<WaitOptions>): Promise<readonly ConsumerRecord<K, V>[]> {
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(() => this.#timeOut(taker, timeoutMs), timeoutMs);
      const taker = { count, timer, resolve, reject };
      this.#takers.push(taker);
      this.#serve();
      if (this.#stopped !== undefined) this.#giveUp(this.#stopped);
    });
  }

  /** First come, first served, as the calls are written in a test. */
  #serve(): void {
    for (let taker = this.#takers[0]; taker !== undefined; taker = this.#takers[0]) {
      if (this.#untaken.length < taker.count) return;
      this.#takers.shift();
      taker.timer.clear();
      taker.resolve(this.#untaken.splice(0, taker.count));
    }
  }

  #timeOut(taker: Taker<K, V>, timeoutMs: number): void {
    this.#takers.splice(this.#takers.indexOf(taker), 1);
    taker.reject(new WaitError(this.#whatCame(taker.count, `within ${timeoutMs} ms`), { code: 'TIMED_OUT' }));
    this.#serve();
  }

  #giveUp(stopped: { readonly error?: unknown }): void {
    this.#stopped = stopped;
    for (const { count, timer, reject } of this.#takers.splice(0)) {
      timer.clear();
      const message = this.#whatCame(count, 'before the container stopped');
      reject(new WaitError(message, { code: 'CONTAINER_STOPPED', cause: stopped.error }));
    }
  }

  #whatCame(count: number, when: string): string {
    const container = this.#container;
    const failure = this.#lastFailure;
    return [
      `${this.#untaken.length} of ${count} records came ${when}${this.#untaken.length > 0 ? ':' : ''}`,
      ...this.#untaken.map((record) => `  ${describeRecord(record)}`),
      ...(failure === undefined ? [] : [`the last attempt that failed: ${describeFailure(failure)}`]),
      `the container is ${container.state}, assigned ${describePartitions(container.assignment())}, ` +
        `with ${container.metrics().outstanding} more under way`,
    ].join('\n');
  }
}

const describeFailure = ({ record, attempt, error }: FailedAttempt): string =>
  `${describePartition(record)} offset ${record.offset}, attempt ${attempt}: ${describeError(error)}`;
