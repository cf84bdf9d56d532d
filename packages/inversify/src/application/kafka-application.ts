import { IllegalStateError } from '@hearken/core';
import { deferred, describeError, StateMachine } from '@hearken/core/internal';
import type { StopReport } from '@hearken/listener';
import type { KafkaListenerEndpointRegistry } from '../registry/kafka-listener-endpoint-registry.js';
import { describeApplication } from './describe-application.js';
import { APPLICATION_MOVES, type ApplicationState } from './application-state.js';
import type { ApplicationParts } from './application-parts.js';
import { healthOf, type ApplicationHealth } from './application-health.js';
import { ApplicationStepError } from './errors.js';
import { startSteps, stopSteps, type Members } from './phase-steps.js';
import { runSteps, type Step, type StepReport } from './steps.js';

/** How an application's stop went. */
export interface ApplicationStopReport {
  /** In the order in which they were done. */
  readonly steps: readonly StepReport[];
  /** By id: what drained and what is abandoned. */
  readonly listeners: ReadonlyMap<string, StopReport>;
}

/**
 * All that listens and sends, started and stopped in one order: topics, templates, then listeners and what lives beside them by
 * phase; the reverse to stop, and the beans last, so that none loses its database while its listener drains. Made by
 * `startKafka`.
 */
export class KafkaApplication implements AsyncDisposable {
  /** The listeners, by id. */
  readonly registry: KafkaListenerEndpointRegistry;
  /**
   * Resolves when the application stopped as asked; rejects with what made it fail: a listener's container that failed, a start
   * or a step of the stop that did. Never an unhandled rejection.
   */
  readonly finished: Promise<void>;

  readonly #parts: ApplicationParts;
  readonly #finished = deferred();
  readonly #state: StateMachine<ApplicationState>;
  readonly #startReport: StepReport[] = [];
  #starting: Promise<void> | undefined;
  #stopping: Promise<ApplicationStopReport> | undefined;
  /** The first failure: it leads. */
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: ApplicationParts) {
    this.#parts = parts;
    this.registry = parts.registry;
    this.finished = this.#finished.promise;
    this.finished.catch(() => undefined);
    this.#state = new StateMachine('a KafkaApplication', { initial: 'created', moves: APPLICATION_MOVES });
  }

  get state(): ApplicationState {
    return this.#state.state;
  }

  /** The steps of the start so far. */
  get startReport(): readonly StepReport[] {
    return this.#startReport;
  }

  /**
   * Resolves when every listener that starts by itself listens, and all that starts with them has. Called again it is the same start. One that fails takes
   * everything down again, the beans included, and rejects with the first failure.
   * @throws KafkaConfigError; BeanError; ListenerContainerError; ReplyTemplateError; StartChecksError; ApplicationStepError;
   * IllegalStateError `APPLICATION_STOPPED`
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Listeners drain and beans stop, by phase, as their containers' `stop` and their own says; then templates flush, producers and
   * admin clients close, and the beans are let go. Each step has its time, and is followed by the next one whatever becomes of it. Called again it is
   * the same stop. Never rejects: what went wrong is in the report, and told by `finished`.
   */
  stop(): Promise<ApplicationStopReport> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /**
   * Stops without waiting for listeners that run: their signals abort, and their records come again. So do those of beans that
   * start or stop.
   */
  abort(): Promise<ApplicationStopReport> {
    for (const bean of this.#parts.beans) bean.abort();
    const report = this.stop();
    for (const listener of this.registry.list()) void listener.stop({ immediate: true });
    return report;
  }

  /** How it is, for probes. A listener that was stopped by id, or does not start by itself, does not count. */
  health(): ApplicationHealth {
    return healthOf(this.state, this.registry.list(), this.#failure);
  }

  /** What is configured and who said so, a line each; secrets are masked. */
  describe(): string {
    return describeApplication(this.#parts.described, this.registry.list());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    if (!this.#state.is('created')) throw this.#stopped();
    this.#state.moveTo('starting');
    this.#parts.process?.listen();
    try {
      await this.#run(this.#parts.startSteps((error) => this.#failed(error)));
      await this.#startListeners();
      this.#requireStarting();
    } catch (error) {
      if (this.#stopping === undefined) this.#failure ??= { error };
      await this.stop();
      throw this.#failure?.error ?? error;
    }
    this.#state.moveTo('running');
    const describe = (): string => this.describe();
    const details = {
      get configuration() {
        return describe(); // a getter: only a logger that writes it makes it
      },
    };
    this.#parts.logger.debug(details, 'an application runs');
  }

  async #startListeners(): Promise<void> {
    this.#requireStarting();
    this.registry.run();
    const { listeners, ...rest } = this.#members();
    await this.#run(startSteps({ ...rest, listeners: listeners.filter(({ autoStartup }) => autoStartup) }));
  }

  #members(): Members {
    const { beans, stepTimeoutMs } = this.#parts;
    return { listeners: this.registry.list(), beans, stepTimeoutMs };
  }

  /** @throws what the first step fails with */
  async #run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#requireStarting();
      const [report] = await runSteps([step], this.#parts);
      if (report === undefined) continue;
      this.#startReport.push(report);
      this.#parts.logger.debug({ ...report }, 'a step of the start');
      if (report.outcome === 'failed') throw report.error;
      if (report.outcome === 'timed-out') throw new ApplicationStepError(report);
    }
  }

  #requireStarting(): void {
    if (!this.#state.is('starting')) throw this.#stopped();
  }

  #stopped(): IllegalStateError {
    return new IllegalStateError(`the application is ${this.state}: it starts once`, 'APPLICATION_STOPPED');
  }

  async #stop(): Promise<ApplicationStopReport> {
    const wasStarting = this.#state.is('starting');
    this.#state.moveTo('stopping');
    this.registry.close();
    const listeners = new Map<string, StopReport>();
    const steps = await runSteps(
      [...stopSteps(this.#members(), (id, report) => listeners.set(id, report)), ...this.#parts.stopSteps],
      { clock: this.#parts.clock, onReport: (report) => this.#report(report) },
    );
    this.#end(wasStarting);
    return { steps, listeners };
  }

  #report(report: StepReport): void {
    const { logger } = this.#parts;
    if (report.outcome === 'done') {
      logger.debug({ ...report }, 'a step of the stop');
      return;
    }
    this.#failure ??= { error: new ApplicationStepError(report) };
    logger.error({ ...report }, 'a step of the stop was not done');
  }

  /** The process is told first: whoever awaits an end may be cut off by it, and not the other way round. */
  #end(wasStarting: boolean): void {
    const failure = this.#failure;
    this.#state.moveTo(failure === undefined ? 'stopped' : 'failed');
    this.#parts.process?.over(failure, wasStarting);
    if (failure === undefined) this.#finished.resolve();
    else this.#finished.reject(failure.error);
  }

  #failed(error: Error): void {
    if (this.#stopping === undefined) {
      this.#failure = { error };
      this.#parts.logger.error({ error: describeError(error) }, 'an application fails and stops');
    }
    void this.stop();
  }
}
