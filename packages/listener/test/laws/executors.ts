import type { TaskExecutor } from '@hearken/core';
import { AsyncTaskExecutor, PooledTaskExecutor, SyncTaskExecutor, type RejectionPolicy } from '@hearken/executor';
import { FakeTaskExecutor } from '@hearken/testing';
import type { World } from './world.js';

/** An executor of a world, as the one who plays it sees it. */
export interface Slots extends TaskExecutor {
  /** How many listeners may run at once, whatever `available` says. */
  readonly limit: number;
  /** Whether another listener could run. */
  readonly isFree: boolean;
  /** Changes the limit, where that can be done. */
  resize?(concurrency: number): void;
}

/** Undefined where the container has its own. */
export function slotsOf({ executor, concurrency }: Pick<World, 'executor' | 'concurrency'>): Slots | undefined {
  switch (executor) {
    case 'own':
      return undefined;
    case 'async':
      return new Honest(new AsyncTaskExecutor({ concurrency }));
    case 'sync':
      return new Honest(new SyncTaskExecutor());
    case 'pooled':
      return new Honest(new PooledTaskExecutor({ concurrency, queueCapacity: 1 }));
    case 'by-record':
      return new Honest(new FakeTaskExecutor({ concurrency, unit: 'record' }));
    default:
      return new Overbooked(concurrency, executor.slice('overbooked-'.length) as RejectionPolicy);
  }
}

/** Passes everything on. */
class Honest<Executor extends TaskExecutor & { concurrency: number }> implements Slots {
  readonly inner: Executor;
  readonly resize?: (concurrency: number) => void;

  constructor(inner: Executor) {
    this.inner = inner;
    if (!(inner instanceof SyncTaskExecutor)) this.resize = (concurrency) => (this.inner.concurrency = concurrency);
  }

  get unit(): 'record' | 'run' {
    return this.inner.unit ?? 'record';
  }

  get concurrency(): number {
    return this.inner.concurrency;
  }

  get available(): number {
    return this.inner.available;
  }

  get limit(): number {
    return this.inner.concurrency;
  }

  get isFree(): boolean {
    return this.inner.available > 0;
  }

  execute<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    return this.inner.execute(task);
  }

  onAvailable(wake: () => void): () => void {
    return this.inner.onAvailable(wake);
  }

  drain(): Promise<void> {
    return this.inner.drain();
  }

  cancel(reason: Error): void {
    this.inner.cancel(reason);
  }
}

/** Promises one slot more than there are, and so rejects what it was given to trust it. */
class Overbooked extends Honest<PooledTaskExecutor> {
  readonly #rejection: RejectionPolicy;

  constructor(concurrency: number, rejection: RejectionPolicy) {
    super(new PooledTaskExecutor({ concurrency, queueCapacity: 1, rejection }));
    this.#rejection = rejection;
  }

  override get available(): number {
    return this.inner.available + 1;
  }

  override get limit(): number {
    return this.#rejection === 'caller-runs' ? Infinity : this.inner.concurrency;
  }
}
