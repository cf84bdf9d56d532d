import { deserialize } from 'node:v8';
import type { Bytes, CloseOptions, ConsumerRecord } from '@hearken/core';
import { durationMs, OptionsCheck } from '@hearken/core/internal';
import { unpackThrown } from './crossing-error.js';
import { packRecords, type CrossingRecords } from './crossing-record.js';
import type { ThreadAnswer } from './thread-call.js';
import type { WorkerListenerContext } from './worker-listener.js';
import { WorkerThreadError } from './worker-thread-error.js';
import { resolveWorkerThreadOptions, type WorkerThreadOptions } from './worker-thread-options.js';
import { WorkerThreads } from './worker-threads.js';

export interface WorkerThreadMetrics {
  /** As set. */
  readonly threads: number;
  /** Records that have a thread now. */
  readonly running: number;
  /** Records that wait for one. */
  readonly waiting: number;
  /** Records whose listener returned. */
  readonly completed: number;
  /** Records whose listener threw, or whose thread ended under them. */
  readonly failed: number;
  /** Threads that ended by themselves. */
  readonly crashed: number;
  /** Threads that were ended, as a listener went on after its signal was aborted or the time to close was over. */
  readonly terminated: number;
}

/** A `MessageListener` whose work is done in worker threads. Whoever made it closes it, after the containers that call it. */
export interface WorkerThreadListener<K = Bytes, V = Bytes, R = unknown> extends AsyncDisposable {
  /**
   * Hands the record to a thread, now or when one is free, and settles as the listener there does.
   * @throws WorkerThreadError, or whatever the listener in the thread threw
   */
  onMessage(record: ConsumerRecord<K, V>, context: WorkerListenerContext): Promise<R>;
  metrics(): WorkerThreadMetrics;
  /**
   * Takes no more records, waits for those it has, and ends the threads: those that have not ended after `timeoutMs` as
   * they stand, their records with `WORKER_TERMINATED`. Called again it returns the same promise.
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Runs the listener of a module in worker threads: work that computes for longer than the event loop may stand still.
 * @param url of the module, which exports a `WorkerListener` as `listener` or as its default:
 * `new URL('./worker.js', import.meta.url)`
 * @throws KafkaConfigError; WorkerThreadError `MISSING_PACKAGE` without piscina
 */
export function workerThreadListener<K = Bytes, V = Bytes, R = unknown>(
  url: URL | string,
  options: WorkerThreadOptions = {},
): WorkerThreadListener<K, V, R> {
  return new ThreadListener<K, V, R>(url, options);
}

class ThreadListener<K, V, R> implements WorkerThreadListener<K, V, R> {
  readonly #threads: WorkerThreads;
  readonly #size: number;
  #completed = 0;
  #failed = 0;

  constructor(url: URL | string, options: WorkerThreadOptions) {
    const resolved = resolveWorkerThreadOptions(url, options);
    this.#size = resolved.threads;
    this.#threads = new WorkerThreads(resolved);
  }

  async onMessage(record: ConsumerRecord<K, V>, { signal, attempt, epoch }: WorkerListenerContext): Promise<R> {
    try {
      const answer = await this.#threads.run(() => ({ records: pack(record), attempt, epoch }), signal);
      const result = resultOf(answer) as R;
      this.#completed++;
      return result;
    } catch (error) {
      this.#failed++;
      throw error;
    }
  }

  metrics(): WorkerThreadMetrics {
    const { running, waiting, crashed, terminated } = this.#threads;
    return {
      ...{ threads: this.#size, running, waiting, crashed, terminated },
      completed: this.#completed,
      failed: this.#failed,
    };
  }

  close(options: CloseOptions = {}): Promise<void> {
    const check = new OptionsCheck('close');
    const { timeoutMs } = check.resolve(options, { timeoutMs: durationMs(30_000) });
    check.throwIfAny();
    return this.#threads.close(timeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function pack(record: ConsumerRecord<unknown, unknown>): CrossingRecords {
  try {
    return packRecords([record]);
  } catch (cause) {
    const message = 'the key or value that a serde made cannot go to another thread; decode it there';
    throw new WorkerThreadError('NOT_CLONEABLE', message, { cause });
  }
}

function resultOf(answer: ThreadAnswer): unknown {
  if (answer.kind === 'threw') throw unpackThrown(answer.thrown);
  return answer.result === undefined ? undefined : deserialize(answer.result);
}
