import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { IllegalStateError, type Clock } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { AsyncTaskExecutor } from '../async-task-executor.js';
import { packThrown } from './crossing-error.js';
import { loadPiscina } from './load-piscina.js';
import { RunningCall } from './running-call.js';
import type { AbortedCalls, ThreadAnswer, ThreadCall, ThreadSetUp } from './thread-call.js';
import { WorkerThreadError } from './worker-thread-error.js';
import type { ResolvedWorkerThreadOptions } from './worker-thread-options.js';

/** The threads, and who has one. piscina starts and replaces them; it gets no more calls than it has threads. */
export class WorkerThreads {
  readonly #options: ResolvedWorkerThreadOptions;
  readonly #pool: Piscina<ThreadCall, ThreadAnswer>;
  readonly #channel: BroadcastChannel;
  readonly #messages = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  /** Here and not in piscina's queue, where nobody could tell who has a thread already, and must be aborted there. */
  readonly #slots: AsyncTaskExecutor;
  readonly #running = new Map<number, RunningCall>();
  /** Those that run, and those that wait for a thread. */
  #pending = 0;
  #lastId = 0;
  #crashed = 0;
  #terminated = 0;
  #closing: Promise<void> | undefined;

  /** @throws WorkerThreadError `MISSING_PACKAGE` */
  constructor(options: ResolvedWorkerThreadOptions) {
    const { threads, resourceLimits, url, returnsResult } = options;
    const Pool = loadPiscina();
    const channel = `hearken:worker-threads:${randomUUID()}`;
    const workerData: ThreadSetUp = { url, channel, messages: this.#messages.buffer, returnsResult };
    this.#options = options;
    this.#slots = new AsyncTaskExecutor({ concurrency: threads });
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = () => this.#tellAborts();
    this.#channel.unref();
    this.#pool = new Pool({
      ...{ filename: fileURLToPath(new URL('./thread.js', import.meta.url)), name: 'handle', workerData },
      // With fewer, nobody would start a thread in the place of the last one that crashed.
      ...{ minThreads: threads, maxThreads: threads },
      // Else a thread sleeps between two records, and with it its connections and timers.
      atomics: 'disabled',
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#pool.on('error', (error) => this.#onIdleCrash(error));
    this.#pool.on('workerDestroy', () => queueMicrotask(() => this.#failIfNoneIsLeft()));
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#pending - this.#running.size;
  }

  get crashed(): number {
    return this.#crashed;
  }

  get terminated(): number {
    return this.#terminated;
  }

  /**
   * Calls the listener in a thread, now or when one is free.
   * @param pack what it takes along. Asked for when there is a thread: what waits holds no copies
   * @throws WorkerThreadError `WORKER_CRASHED`, `WORKER_TERMINATED`; the signal's reason if it is aborted before there is a
   * thread; IllegalStateError `WORKER_THREADS_CLOSED`
   */
  async run(pack: () => Omit<ThreadCall, 'id'>, signal: AbortSignal): Promise<ThreadAnswer> {
    if (this.#closing !== undefined) throw closed();
    this.#pending++;
    try {
      return await this.#whenThreadIsFree(pack, signal);
    } finally {
      this.#pending--;
    }
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#drainThenEnd(timeoutMs);
    return this.#closing;
  }

  #whenThreadIsFree(pack: () => Omit<ThreadCall, 'id'>, signal: AbortSignal): Promise<ThreadAnswer> {
    const answer = deferred<ThreadAnswer>();
    const giveUp = (): void => answer.reject(signal.reason);
    setMaxListeners(0, signal); // the records of a batch share one, and Node takes more than ten listeners for a leak
    signal.addEventListener('abort', giveUp, { once: true });
    this.#slots
      .execute(async () => {
        signal.removeEventListener('abort', giveUp);
        signal.throwIfAborted();
        return this.#start(pack(), signal);
      })
      .then(answer.resolve, answer.reject);
    return answer.promise;
  }

  async #start(work: Omit<ThreadCall, 'id'>, signal: AbortSignal): Promise<ThreadAnswer> {
    const id = ++this.#lastId;
    const call = new RunningCall(signal, this.#pool, this.#options, () => this.#tellAborts());
    this.#running.set(id, call);
    try {
      const transferList = [work.records.bytes.buffer];
      return await this.#pool.run({ id, ...work }, { transferList, signal: call.killed });
    } catch (cause) {
      await call.threadGone;
      throw this.#withoutAnswer(call, cause);
    } finally {
      call.end();
      this.#running.delete(id);
    }
  }

  /** Listeners' errors are answers: whatever piscina rejects with, the thread is gone. */
  #withoutAnswer(call: RunningCall, cause: unknown): WorkerThreadError {
    if (call.isTerminated || this.#closing !== undefined) {
      this.#terminated++;
      const why = call.isTerminated ? 'its listener went on after it was aborted' : 'the threads were closed';
      return new WorkerThreadError('WORKER_TERMINATED', `the worker thread was ended: ${why}`, {
        cause: call.isTerminated ? call.signal.reason : cause,
      });
    }
    this.#crashed++;
    return new WorkerThreadError('WORKER_CRASHED', 'the worker thread crashed', { cause });
  }

  /** The counter last: a thread that sees it go up finds the message. */
  #tellAborts(): void {
    const aborted = [...this.#running].filter(([, { signal }]) => signal.aborted);
    const message: AbortedCalls = new Map(aborted.map(([id, { signal }]) => [id, packThrown(signal.reason)]));
    this.#channel.postMessage(message);
    Atomics.add(this.#messages, 0, 1);
  }

  #onIdleCrash(error: unknown): void {
    this.#crashed++;
    this.#options.logger.error({ error, url: this.#options.url }, 'a worker thread crashed while no record ran in it');
  }

  /** piscina starts no thread again after one that did not come up, and a call would wait in its queue for ever. */
  #failIfNoneIsLeft(): void {
    if (this.#closing !== undefined || this.#pool.threads.length > 0) return;
    for (const call of this.#running.values()) call.fail();
  }

  async #drainThenEnd(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const isDrained = await endsWithin(this.#slots.drain(), timeoutMs, clock);
    if (!isDrained) this.#slots.cancel(closed());
    // Twice the time at most: native code that does not come back cannot be ended.
    await endsWithin(this.#pool.destroy(), timeoutMs, clock);
    this.#channel.close();
  }
}

const closed = (): IllegalStateError => new IllegalStateError('the worker threads are closed', 'WORKER_THREADS_CLOSED');

async function endsWithin(work: Promise<void>, timeoutMs: number, clock: Clock): Promise<boolean> {
  const late = deferred<boolean>();
  const timer = clock.setTimer(() => late.resolve(false), timeoutMs);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    timer.clear();
  }
}
