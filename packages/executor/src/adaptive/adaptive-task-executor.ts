import { defaultLogger, NOT_CALLED, systemClock, type Clock, type Logger, type TaskExecutor } from '@hearken/core';
import { callable, oneOf, OptionsCheck, required } from '@hearken/core/internal';
import { GatedTaskExecutor } from '../gated-task-executor.js';
import { Observers } from '../observers.js';
import type { Task } from '../task-queue.js';
import { resolveAdaptiveOptions, type AdaptiveTaskExecutorOptions } from './adaptive-options.js';
import { GradientLimit, type LimitChange } from './gradient-limit.js';

const EVENT = { event: required(oneOf(['limit:changed'], undefined)), observer: required(callable()) };

/**
 * Finds out how many tasks should run at once, by how long they take: as many as make what they call busy, and not so many
 * that they only wait there. Falls back when latency rises, and grows while it does not and the limit is used.
 *
 * The idea is that of Netflix's concurrency-limits, and of TCP Vegas before it.
 */
export class AdaptiveTaskExecutor extends GatedTaskExecutor {
  /** It times every record by itself. */
  readonly unit = 'record';
  readonly #clock: Clock;
  readonly #gradient: GradientLimit;
  readonly #observers: Observers<LimitChange>;
  #running = 0;
  /** Those of them that have not said that they call nothing. */
  #calls = 0;

  /** @throws KafkaConfigError */
  constructor(
    executor: TaskExecutor,
    options?: AdaptiveTaskExecutorOptions,
    { clock = systemClock, logger = defaultLogger }: { readonly clock?: Clock; readonly logger?: Logger } = {},
  ) {
    super(executor);
    this.#gradient = new GradientLimit(resolveAdaptiveOptions(options, executor.concurrency));
    this.#clock = clock;
    this.#observers = new Observers(logger);
  }

  /** What it has found, whether the executor behind has as many slots or not. */
  get limit(): number {
    return this.#gradient.limit;
  }

  /** Half the limit for a while now and then, to learn what latency is with less load. */
  override get concurrency(): number {
    return Math.min(this.#gradient.now, super.concurrency);
  }

  /**
   * `limit:changed`: it is another one now; with the latencies that led to it.
   * @returns what ends it
   * @throws KafkaConfigError for an event there is not, or no function
   */
  on(event: 'limit:changed', observer: (change: LimitChange) => unknown): () => void {
    const check = new OptionsCheck('on');
    check.resolve({ event, observer }, EVENT);
    check.throwIfAny();
    return this.#observers.add(observer);
  }

  protected override get permits(): number {
    return this.#gradient.now - this.#running;
  }

  protected override admit<T>(task: Task<T>): Promise<T> {
    this.#running++;
    const window = this.#gradient.begin(++this.#calls);
    let isCall = true;
    const ended = (): void => {
      if (isCall) this.#calls--;
      isCall = false;
    };
    let startedAt: number | undefined;
    const executed = this.behind.execute((signal) => {
      startedAt = this.#clock.monotonic();
      const result = task(signal);
      // At once, and not with the promise: the next one may start before that, and the limit would seem to be used.
      if ((result as unknown) === NOT_CALLED) ended();
      return result;
    });
    return executed.then(
      (value) => {
        ended();
        this.#ended(window, (value as unknown) === NOT_CALLED ? undefined : startedAt, false);
        return value;
      },
      (error: unknown) => {
        ended();
        this.#ended(window, startedAt, true);
        throw error;
      },
    );
  }

  /** @param startedAt undefined for a task that never ran, or called nothing */
  #ended(window: number, startedAt: number | undefined, failed: boolean): void {
    this.#running--;
    if (startedAt === undefined) return;
    const latencyMs = this.#clock.monotonic() - startedAt;
    if (failed && !this.#gradient.tellsOfLoad(latencyMs)) return;
    const change = this.#gradient.ended(window, latencyMs);
    if (change !== undefined) this.#observers.tell(change);
  }
}
