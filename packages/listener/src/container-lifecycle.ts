import { IllegalStateError, type Clock, type Consumer, type Logger } from '@hearken/core';
import { deferred, StateMachine } from '@hearken/core/internal';
import type { SessionEnd } from './consumer-session.js';
import type { GuardedEvents } from './container-events.js';
import type { ContainerCounters } from './container-metrics.js';
import { CONTAINER_MOVES, type ContainerState, type StopOptions, type StopReport } from './container-state.js';
import { ContainerStopError, ListenerAbortedError, StartTimeoutError } from './errors.js';
import { GracePeriod } from './grace-period.js';
import type { Line } from './line.js';
import { plainly } from './plain-properties.js';
import type { ResolvedContainerProperties } from './resolved-properties.js';
import { afterFatal, type AfterFatal } from './restart-policy.js';
import { Wakeup } from './wakeup.js';
import { within } from './within.js';

export interface ContainerLifecycleInit {
  readonly properties: ResolvedContainerProperties;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
  readonly line: Line;
  readonly newConsumer: () => Consumer;
}

/** What a container that restarts failed with. */
export interface Trouble {
  readonly error: unknown;
  /** On the monotonic clock. */
  readonly since: number;
  /** Failures without a good time between them. */
  readonly failures: number;
  readonly isAuth: boolean;
}

/** Who ran for so long is not failing over and over: the back-off begins anew. Longer than the nine retries of a listener take. */
const RAN_WELL_MS = 60_000;

/**
 * When the line has a consumer: from the start, through failures that a new one may mend, to the stop. The first start,
 * its time-out and its promise are told from later ones only in `#start`.
 */
// Long because start, failure, restart and stop end each other.
export class ContainerLifecycle {
  readonly finished: Promise<void>;
  readonly #init: ContainerLifecycleInit;
  readonly #state: StateMachine<ContainerState>;
  readonly #finished = deferred();
  /** Resolves when it runs for the first time. */
  readonly #ready = deferred();
  /** Rejects when there is nothing left to start. */
  readonly #halted = deferred<never>();
  readonly #backOff: Wakeup;
  #hasRun = false;
  #runsSince = 0;
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  /** The line lets go of its consumer, for a restart or for good, while this lasts. */
  #takingDown: { readonly grace: GracePeriod; readonly end: Promise<SessionEnd> } | undefined;
  #trouble: Trouble | undefined;
  #failures = 0;
  /** The first failure: it leads. */
  #failure: { readonly error: unknown } | undefined;

  constructor(init: ContainerLifecycleInit) {
    this.#init = init;
    this.#state = new StateMachine('a MessageListenerContainer', {
      initial: 'created',
      moves: CONTAINER_MOVES,
      onMove: (change) => init.events.emit('state:changed', change),
    });
    this.#backOff = new Wakeup(init.clock);
    this.finished = this.#finished.promise;
    for (const promise of [this.finished, this.#halted.promise]) promise.catch(() => undefined);
  }

  get state(): ContainerState {
    return this.#state.state;
  }

  /** What it stopped for. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** What it restarts for, until it runs again. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  start(): Promise<void> {
    if (this.#state.is('stopping', 'stopped', 'failed')) return this.#refuseToStart();
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(options?: StopOptions): Promise<StopReport> {
    const asked = askedMs(options);
    if (asked !== undefined) this.#takingDown?.grace.shortenTo(asked);
    if (this.#stopping === undefined) {
      const { promise, resolve, reject } = deferred<StopReport>();
      this.#stopping = promise; // first: an observer who is told that it is stopping may stop it, and must find it so
      this.#shutDown(asked).then(resolve, reject);
    }
    return this.#stopping;
  }

  /** Something ended the consumer, or has to. */
  fail(error: unknown): void {
    if (!this.#state.is('starting', 'running')) {
      this.#failOnTheWay(error);
      return;
    }
    const ranMs = this.#state.is('running') ? this.#init.clock.monotonic() - this.#runsSince : 0;
    if (ranMs >= RAN_WELL_MS) this.#failures = 0;
    const next = afterFatal(error, ++this.#failures, this.#init.properties);
    if (next.action === 'stop') this.#giveUp(next.error);
    else void this.#restart(error, next);
  }

  async #start(): Promise<void> {
    const { properties, clock, logger, line } = this.#init;
    const { startTimeoutMs } = properties;
    logger.debug({ properties: plainly(properties) }, 'a listener container starts');
    this.#begin();
    try {
      const ready = Promise.race([this.#ready.promise, this.#halted.promise]);
      if (await within(ready, startTimeoutMs, clock)) return;
      throw new StartTimeoutError(startTimeoutMs, HINT, line.whyNotAssigned ?? this.#trouble?.error);
    } catch (error) {
      if (this.#stopping === undefined) this.#giveUp(error);
      await this.#stopping;
      throw error;
    }
  }

  /** A start that failed stays what it was. One that succeeded must not look like another one. */
  async #refuseToStart(): Promise<never> {
    await this.#starting;
    const message = `the container is ${this.state} and cannot start again: make a new one`;
    throw new IllegalStateError(message, 'ILLEGAL_STATE');
  }

  #begin(): void {
    const { line, newConsumer } = this.#init;
    this.#state.moveTo('starting');
    if (!this.#state.is('starting')) return; // an observer of the move stopped it: nobody would close the consumer
    try {
      line.open(newConsumer(), {
        onAssigned: () => this.#run(),
        onFatal: (error) => this.fail(error),
      });
    } catch (error) {
      this.fail(error);
    }
  }

  #run(): void {
    const { clock, events, logger, line } = this.#init;
    const trouble = this.#trouble;
    const assignment = line.assignment();
    this.#state.moveTo('running');
    if (!this.#state.is('running')) return; // an observer of the move stopped it
    this.#trouble = undefined;
    this.#runsSince = clock.monotonic();
    if (trouble?.isAuth === true) events.emit('auth:recovered', { failures: trouble.failures });
    if (trouble !== undefined) logger.info({ failures: trouble.failures }, 'a listener container runs again');
    events.emit(this.#hasRun ? 'container:restarted' : 'container:started', { assignment });
    this.#hasRun = true;
    this.#ready.resolve();
  }

  async #restart(error: unknown, { delayMs, isAuth }: AfterFatal & { readonly action: 'restart' }): Promise<void> {
    const { clock, logger, events, counters, properties } = this.#init;
    const failures = this.#failures;
    this.#trouble = { error, since: this.#trouble?.since ?? clock.monotonic(), failures, isAuth };
    this.#state.moveTo('restarting');
    if (!this.#state.is('restarting')) return; // an observer of the move stopped it
    logger.warn({ error, failures, delayMs }, 'a listener container failed and starts again');
    events.emit('restart:scheduled', { error, failures, delayMs });
    if (isAuth) events.emit('auth:retried', { error, failures, delayMs });
    const end = await this.#takeDown(properties.shutdownTimeoutMs, 'CONTAINER_RESTARTED');
    for (const failed of end.failures) logger.warn({ error: failed }, 'a consumer could not be closed in order');
    if (this.#state.is('restarting')) await this.#backOff.sleep(delayMs);
    if (!this.#state.is('restarting')) return;
    counters.restarts++;
    this.#begin();
  }

  /** Lets go of the consumer. Who asks while that goes on waits for it. */
  async #takeDown(timeoutMs: number, code: 'CONTAINER_STOPPED' | 'CONTAINER_RESTARTED'): Promise<SessionEnd> {
    const { clock, line } = this.#init;
    if (this.#takingDown === undefined) {
      const grace = new GracePeriod(clock, timeoutMs);
      const reason = new ListenerAbortedError(code, `${WHY[code]} before the listener ended`);
      const awaitsStrays = code === 'CONTAINER_STOPPED';
      const closesGaps = awaitsStrays && this.#failure === undefined && timeoutMs > 0;
      this.#takingDown = { grace, end: line.close({ grace, reason, closesGaps, awaitsStrays }) };
    }
    try {
      return await this.#takingDown.end;
    } finally {
      this.#takingDown = undefined;
    }
  }

  #giveUp(error: unknown): void {
    this.#failure = { error };
    this.#init.logger.error({ error }, 'a listener container failed and stops');
    void this.stop();
  }

  /** A record's last attempt may fail while a stop drains: then it is no good stop. A restart has its reason already. */
  #failOnTheWay(error: unknown): void {
    const leads = this.#failure === undefined && this.#state.is('stopping');
    if (leads) this.#failure = { error };
    if (error === this.#failure?.error && !leads) return;
    this.#init.logger.error({ error }, leads ? 'a listener container failed as it stopped' : 'one more failure');
  }

  /** Never rejects. */
  async #shutDown(timeoutMs = this.#init.properties.shutdownTimeoutMs): Promise<StopReport> {
    const { line, events } = this.#init;
    if (this.#state.is('created')) {
      this.#state.moveTo('stopped');
      line.dispose();
      this.#finished.resolve();
      return { drained: true, abandoned: 0, committed: [] };
    }
    this.#state.moveTo('stopping');
    this.#halted.reject(this.#failure?.error ?? new IllegalStateError('stopped while it started', 'CONTAINER_STOPPED'));
    this.#backOff.wake();
    const { report, failures } = await this.#takeDown(timeoutMs, 'CONTAINER_STOPPED');
    line.dispose();
    if (failures.length > 0) this.#failOnTheWay(new ContainerStopError(failures));
    const failure = this.#failure;
    this.#state.moveTo(failure === undefined ? 'stopped' : 'failed');
    events.emit('container:stopped', { report, ...failure });
    if (failure === undefined) this.#finished.resolve();
    else this.#finished.reject(failure.error);
    return report;
  }
}

/** How long running listeners are given, if the caller says it in a way that makes sense. */
function askedMs(options: StopOptions | undefined): number | undefined {
  if (options?.immediate === true) return 0;
  const timeoutMs = options?.timeoutMs;
  return typeof timeoutMs === 'number' && timeoutMs >= 0 ? timeoutMs : undefined;
}

const WHY = {
  CONTAINER_STOPPED: 'the container stopped',
  CONTAINER_RESTARTED: 'the container restarted',
} as const;

const HINT =
  'are the brokers reachable, do the topics exist, and does no other member of the group hold up its rebalance?';
