import { IllegalStateError, type Logger } from '@hearken/core';
import { deferred, StateMachine } from '@hearken/core/internal';
import type { MessageListenerContainer, StopOptions, StopReport } from '@hearken/listener';
import { LevelFailedError } from '../errors.js';
import type { LevelWatch } from './level-watch.js';
import { PRIORITY_CONTAINER_MOVES, type PriorityContainerState } from './priority-container-state.js';
import type { LevelName, PriorityObservers } from './priority-events.js';

/** A level, as far as it lives. */
export interface LivingLevel extends LevelName {
  readonly container: Pick<MessageListenerContainer, 'start' | 'stop' | 'finished'>;
}

export interface PriorityLifecycleInit {
  readonly levels: readonly LivingLevel[];
  readonly watch: Pick<LevelWatch, 'start' | 'stop'>;
  readonly observers: PriorityObservers;
  readonly logger: Logger;
}

/**
 * One life for all levels: they start together, and when one is over, well or badly, so are all. Nobody would notice that one
 * priority is no longer read.
 */
export class PriorityLifecycle {
  /** Resolves when it stopped as asked; rejects with what made it fail. Never an unhandled rejection. */
  readonly finished: Promise<void>;
  readonly #init: PriorityLifecycleInit;
  readonly #state: StateMachine<PriorityContainerState>;
  readonly #finished = deferred();
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  /** The first failure: it leads. */
  #failure: { readonly error: unknown } | undefined;

  constructor(init: PriorityLifecycleInit) {
    this.#init = init;
    this.#state = new StateMachine('a PriorityListenerContainer', {
      initial: 'created',
      moves: PRIORITY_CONTAINER_MOVES,
      onMove: (change) => init.observers.emit('state:changed', change),
    });
    this.finished = this.#finished.promise;
    this.finished.catch(() => undefined);
    for (const level of init.levels) this.#follow(level);
  }

  get state(): PriorityContainerState {
    return this.#state.state;
  }

  /** What it stopped for. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  start(): Promise<void> {
    if (this.#starting === undefined && !this.#state.is('created')) {
      const message = `the container is ${this.state} and cannot start again: make a new one`;
      return Promise.reject(new IllegalStateError(message, 'ILLEGAL_STATE'));
    }
    if (this.#starting === undefined) {
      const { promise, resolve, reject } = deferred();
      this.#starting = promise; // first, as with `#stopping`
      this.#start().then(resolve, reject);
    }
    return this.#starting;
  }

  stop(options?: StopOptions): Promise<StopReport> {
    if (this.#stopping !== undefined) {
      for (const { container } of this.#init.levels) void container.stop(options);
      return this.#stopping;
    }
    const { promise, resolve, reject } = deferred<StopReport>();
    this.#stopping = promise; // first: who is told that it is stopping may stop it, and must find it so
    this.#stop(options).then(resolve, reject);
    return promise;
  }

  /** Something that all levels need is broken. */
  fail(error: unknown): void {
    if (this.#failure === undefined && !this.#state.is('stopped')) {
      this.#failure = { error };
      this.#init.logger.error({ error }, 'a priority container failed and stops');
    }
    void this.stop();
  }

  async #start(): Promise<void> {
    const { levels, watch, observers } = this.#init;
    this.#state.moveTo('starting');
    try {
      await Promise.all(levels.map((level) => this.#startLevel(level)));
    } catch (error) {
      if (this.#stopping === undefined) this.fail(error); // else that is why it did not start, and it stops as asked
      await this.#stopping;
      throw this.#failure?.error ?? error; // the first: what followed from it may have come first here
    }
    if (!this.#state.is('starting')) await this.#refuseHalfway();
    watch.start(); // before it is told: who is told may stop it
    this.#state.moveTo('running');
    observers.emit('container:started', { levels: levels.length });
  }

  /** It was stopped meanwhile, or failed. */
  async #refuseHalfway(): Promise<never> {
    await this.#stopping;
    await this.finished;
    throw new IllegalStateError('stopped while it started', 'CONTAINER_STOPPED');
  }

  async #startLevel(level: LivingLevel): Promise<void> {
    try {
      await level.container.start();
    } catch (error) {
      throw this.#stopping === undefined ? new LevelFailedError(level, error) : error;
    }
  }

  async #stop(options: StopOptions | undefined): Promise<StopReport> {
    const { levels, watch, observers } = this.#init;
    const wasCreated = this.#state.is('created');
    this.#state.moveTo(wasCreated ? 'stopped' : 'stopping'); // before anything is awaited: nothing starts meanwhile
    watch.stop();
    const reports = await Promise.all(levels.map(({ container }) => container.stop(options)));
    const failure = this.#failure;
    if (!wasCreated) this.#state.moveTo(failure === undefined ? 'stopped' : 'failed');
    const report = inOne(reports);
    if (!wasCreated) observers.emit('container:stopped', { report, ...failure });
    if (failure === undefined) this.#finished.resolve();
    else this.#finished.reject(failure.error);
    return report;
  }

  #follow(level: LivingLevel): void {
    level.container.finished.then(
      () => void this.stop(),
      (error: unknown) => this.fail(new LevelFailedError(level, error)),
    );
  }
}

const inOne = (reports: readonly StopReport[]): StopReport => ({
  drained: reports.every(({ drained }) => drained),
  abandoned: reports.reduce((sum, { abandoned }) => sum + abandoned, 0),
  committed: reports.flatMap(({ committed }) => committed),
});
