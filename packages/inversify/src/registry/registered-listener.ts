import { IllegalStateError } from '@hearken/core';
import type { StopOptions, StopReport } from '@hearken/listener';
import { changedPaths, flatten, overlaid, type Settings } from '../config/layers.js';
import type { ContainerSettings } from '../config/settings.js';
import type { KafkaListenerEndpoint } from '../endpoint/kafka-listener-endpoint.js';
import { adjust, builtInOf, isOver, isPaused, pauseAll, resumeAll, type AnyContainer } from './any-container.js';
import { configuredValues, type ConfiguredValue } from './endpoint-settings.js';
import type { ListenerContainerFactory, MadeContainer } from './listener-container-factory.js';

export interface RegisteredListenerInit {
  readonly endpoint: KafkaListenerEndpoint;
  readonly factory: ListenerContainerFactory;
  /** @throws IllegalStateError when nothing may start any more */
  readonly requireOpen: () => void;
  /** A container that had started is over because of an error. */
  readonly onFailed: (listener: RegisteredListener, error: unknown) => void;
}

/** What `configure` is told. */
export type RunTimeSettings = {
  readonly [Name in keyof ContainerSettings]?: ContainerSettings[Name] | undefined;
};

/**
 * A listener by id, for as long as it is registered. A container starts once; this can be started again after a stop, and
 * makes a new container for it, as the configuration and `configure` say then.
 */
export class RegisteredListener {
  readonly endpoint: KafkaListenerEndpoint;
  readonly #init: RegisteredListenerInit;
  readonly #observers = new Set<(container: AnyContainer) => void>();
  /** What `configure` said. */
  #runTime: ReadonlyMap<string, unknown> = new Map();
  #made: MadeContainer;
  /** What holds of the container of now: less than `#made` says, where that waits for the next start. */
  #applied: Settings;
  /** What holds of the container's properties; looked up when first asked for. */
  #builtIn: Readonly<Record<string, unknown>> | undefined;
  #starting: Promise<void> | undefined;
  /** Counts stops, so that a start that waits for the one before does not outlive the next. */
  #stops = 0;

  /** @throws KafkaConfigError */
  constructor(init: RegisteredListenerInit) {
    this.#init = init;
    this.endpoint = init.endpoint;
    this.#made = init.factory.create(init.endpoint, this.#runTime);
    this.#applied = this.#made.settings;
  }

  get id(): string {
    return this.endpoint.id;
  }

  /** The one of now: a start after a stop makes another. */
  get container(): AnyContainer {
    return this.#made.container;
  }

  get state(): AnyContainer['state'] {
    return this.container.state;
  }

  /** The cluster it listens to. */
  get cluster(): string {
    return this.#made.cluster.name;
  }

  /** Whether it starts with the application. */
  get autoStartup(): boolean {
    return this.setting('autoStartup') !== false;
  }

  /** Lower ones start first and stop last. */
  get phase(): number {
    return (this.setting('phase') as number | undefined) ?? 0;
  }

  /** What holds of a setting, defaults included; undefined where nothing does. */
  setting(path: string): unknown {
    return this.#made.settings.get(path)?.value ?? this.#properties[path];
  }

  /** All that holds, by path, and who said it. */
  get configuration(): readonly ConfiguredValue[] {
    return configuredValues(this.#made.settings, this.#properties);
  }

  get isPaused(): boolean {
    return isPaused(this.container);
  }

  /**
   * Resolves when it listens, as the container's `start` says; called again it is the same start. While it stops it waits for
   * that first.
   * @throws IllegalStateError `APPLICATION_STOPPED`, `UNREGISTERED`; whatever the container's start rejects with
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  /** Drains, commits and leaves, as the container's `stop` says. Never rejects. */
  stop(options?: StopOptions): Promise<StopReport> {
    this.#stops += 1;
    return this.container.stop(options);
  }

  /** Starts no more records until `resume`, over a stop and a start too. */
  pause(): void {
    pauseAll(this.container);
  }

  resume(): void {
    resumeAll(this.container);
  }

  /**
   * Overrules what everybody else says, until it is unregistered; undefined goes back to what they say. `concurrency`, and with
   * levels `capacity`, hold at once, the rest from the next start on.
   * @returns which settings wait for the next start, those of earlier calls too; none if it was not started yet
   * @throws KafkaConfigError, or what a priority container refuses a capacity with; everything stays as it was
   */
  configure(settings: RunTimeSettings): readonly string[] {
    const runTime = new Map(this.#runTime);
    for (const name of Object.keys(settings)) runTime.delete(name);
    for (const [path, value] of flatten(settings)) runTime.set(path, value);
    const made = this.#init.factory.create(this.endpoint, runTime);
    if (this.state === 'created') {
      this.#runTime = runTime;
      this.#adopt(made);
      return [];
    }
    const { container } = this;
    const changed = changedPaths(this.#applied, made.settings);
    const live = isOver(container) ? [] : adjust(container, made.container, changed); // first: it may be refused
    this.#runTime = runTime;
    this.#made = { ...made, container };
    this.#applied = overlaid(this.#applied, made.settings, live);
    this.#builtIn = undefined;
    return changed.filter((path) => !live.includes(path));
  }

  /**
   * Calls back with the container of now, and with each one that takes its place: to listen to events, to add middleware.
   * @returns what ends it
   */
  onContainer(tell: (container: AnyContainer) => void): () => void {
    this.#observers.add(tell);
    tell(this.container);
    return () => void this.#observers.delete(tell);
  }

  get #properties(): Readonly<Record<string, unknown>> {
    return (this.#builtIn ??= { ...builtInOf(this.container), ...this.#made.consumer });
  }

  async #start(): Promise<void> {
    this.#init.requireOpen();
    const stops = this.#stops;
    if (isOver(this.container)) {
      await this.container.stop();
      if (stops !== this.#stops) throw new IllegalStateError('stopped while it started', 'CONTAINER_STOPPED');
      this.#init.requireOpen();
      this.#adopt(this.#init.factory.create(this.endpoint, this.#runTime));
    }
    const { container } = this;
    const isFirst = container.state === 'created';
    await container.start();
    if (isFirst) container.finished.catch((error: unknown) => this.#init.onFailed(this, error));
  }

  #adopt(made: MadeContainer): void {
    if (this.isPaused) pauseAll(made.container);
    this.#made = made;
    this.#applied = made.settings;
    this.#builtIn = undefined;
    for (const tell of this.#observers) tell(made.container);
  }
}
