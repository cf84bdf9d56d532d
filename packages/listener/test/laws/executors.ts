import { silentLogger, type Clock, type TaskExecutor } from '@hearken/core';
import {
  AdaptiveTaskExecutor,
  AsyncTaskExecutor,
  BulkheadTaskExecutor,
  CircuitBreakerTaskExecutor,
  PooledTaskExecutor,
  RateLimitedTaskExecutor,
  SyncTaskExecutor,
  TimeoutTaskExecutor,
  type RejectionPolicy,
} from '@hearken/executor';
import { FakeTaskExecutor } from '@hearken/testing';
import type { GateKind, World } from './world.js';

/** An executor of a world, as the one who plays it sees it. */
export interface Slots extends TaskExecutor {
  /** How many listeners may run at once, whatever `available` says. */
  readonly limit: number;
  /** Whether another listener could run. */
  readonly isFree: boolean;
  /** After what time a listener's call is a failure, whatever it comes to. */
  readonly timeoutMs?: number;
  /** Changes the limit, where that can be done. */
  resize?(concurrency: number): void;
}

type Setting = Pick<World, 'executor' | 'concurrency' | 'lot'>;

/** Undefined where the container has its own. */
export function slotsOf(world: Setting, clock: Clock): Slots | undefined {
  const { executor, concurrency } = world;
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
    case 'rate-limited':
    case 'circuit-breaker':
    case 'bulkhead':
    case 'timeout':
    case 'adaptive':
      return gated(executor, world, clock);
    default:
      return new Overbooked(concurrency, executor.slice('overbooked-'.length) as RejectionPolicy);
  }
}

/** How long a call may take, and how long a breaker stays open: shorter and longer than most steps of a world. */
const SPANS_MS = [50, 150] as const;

/** A gate before a pool, with settings by lot: all the pool has, or about half of it. */
function gated(kind: GateKind, { concurrency, lot }: Setting, clock: Clock): Slots {
  const pool = new AsyncTaskExecutor({ concurrency });
  const half = Math.ceil(concurrency / 2);
  const isNarrow = lot % 2 === 0;
  const spanMs = SPANS_MS[Math.floor(lot / 2) % 2]!;
  switch (kind) {
    case 'rate-limited': {
      const options = { limitForPeriod: half, limitRefreshPeriodMs: spanMs, burst: isNarrow ? 1 : concurrency };
      return new Gated(new RateLimitedTaskExecutor(pool, options, { clock }), pool);
    }
    case 'circuit-breaker': {
      const options = {
        slidingWindowSize: isNarrow ? 2 : 5,
        waitDurationInOpenStateMs: spanMs,
        permittedNumberOfCallsInHalfOpenState: half,
        slowCallDurationThresholdMs: lot < 6 ? 60_000 : 100,
      };
      return new Breaking(new CircuitBreakerTaskExecutor(pool, options, { clock, logger: silentLogger }), pool);
    }
    case 'bulkhead': {
      const ours = { guaranteed: half, ...(lot < 6 ? {} : { maxConcurrentCalls: half }) };
      const shares = { ours, others: { guaranteed: isNarrow ? concurrency - half : 0 } };
      return new Gated(BulkheadTaskExecutor.divide(pool, shares).ours, pool);
    }
    case 'timeout':
      return new Timed(new TimeoutTaskExecutor(pool, { timeoutMs: spanMs }, { clock }), pool, spanMs);
    case 'adaptive': {
      const options = { initialLimit: isNarrow ? 1 : concurrency, smoothing: 1 };
      return new Gated(new AdaptiveTaskExecutor(pool, options, { clock, logger: silentLogger }), pool);
    }
  }
}

/** Passes everything on. */
class Honest<Executor extends TaskExecutor> implements Slots {
  readonly inner: Executor;
  readonly resize?: (concurrency: number) => void;

  /** @param pool where the limit can be changed */
  constructor(inner: Executor, pool: TaskExecutor = inner) {
    this.inner = inner;
    if (pool instanceof SyncTaskExecutor) return;
    this.resize = (concurrency) => ((pool as { concurrency: number }).concurrency = concurrency);
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

  get isPaused(): boolean {
    return this.inner.isPaused ?? false;
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

/** Before a pool, where the limit can be changed. */
class Gated<Executor extends TaskExecutor = TaskExecutor> extends Honest<Executor> {
  protected readonly pool: AsyncTaskExecutor;

  constructor(inner: Executor, pool: AsyncTaskExecutor) {
    super(inner, pool);
    this.pool = pool;
  }
}

/** What began while it was closed runs beside its trials. */
class Breaking extends Gated {
  override get limit(): number {
    return this.pool.concurrency;
  }
}

class Timed extends Gated {
  readonly timeoutMs: number;

  constructor(inner: TimeoutTaskExecutor, pool: AsyncTaskExecutor, timeoutMs: number) {
    super(inner, pool);
    this.timeoutMs = timeoutMs;
  }
}
