import { IllegalStateError, KafkaError } from '@hearken/core';
import { orKnown, StateMachine } from '@hearken/core/internal';
import type { StopOptions, StopReport } from '@hearken/listener';
import type { KafkaListenerEndpoint } from '../endpoint/kafka-listener-endpoint.js';
import { idPattern } from './id-pattern.js';
import type { ListenerContainerFactory } from './listener-container-factory.js';
import { RegisteredListener } from './registered-listener.js';

/** What the application gives its registry when it starts. */
export interface RegistryInit {
  readonly factory: ListenerContainerFactory;
  readonly onFailed: (listener: RegisteredListener, error: unknown) => void;
}

/**
 * - `created`: there is no application yet, and nothing can be registered.
 * - `claimed`: there is one, and it has not begun to register.
 * - `open`: what is registered starts with the application.
 * - `running`: what is registered starts at once.
 * - `closed`: the application stops, or has stopped. Nothing is registered or started any more.
 */
type RegistryState = 'created' | 'claimed' | 'open' | 'running' | 'closed';

const MOVES: Readonly<Record<RegistryState, readonly RegistryState[]>> = {
  created: ['claimed'],
  claimed: ['open', 'closed'],
  open: ['running', 'closed'],
  running: ['closed'],
  closed: [],
};

/** The listeners of an application, by id: to look at, to start and stop, and to add and remove while it runs. */
export class KafkaListenerEndpointRegistry {
  readonly #listeners = new Map<string, RegisteredListener>();
  /** Being unregistered, or gone: they stop with the application, but start no more. */
  readonly #leaving = new WeakSet<RegisteredListener>();
  readonly #state = new StateMachine<RegistryState>('a KafkaListenerEndpointRegistry', {
    initial: 'created',
    moves: MOVES,
  });
  #init: RegistryInit | undefined;

  /** @throws KafkaError `UNKNOWN_LISTENER`, with the id that may be meant */
  get(id: string): RegisteredListener {
    const listener = this.#listeners.get(id);
    if (listener !== undefined) return listener;
    const ids = [...this.#listeners.keys()];
    throw new KafkaError(`no listener has the id '${id}'${orKnown(id, ids)}`, { code: 'UNKNOWN_LISTENER' });
  }

  has(id: string): boolean {
    return this.#listeners.has(id);
  }

  /** In the order in which they were registered. */
  list(): readonly RegisteredListener[] {
    return [...this.#listeners.values()];
  }

  /** Those whose ids match: `*` stands for any signs, `?` for one. Or those that a function says yes to. */
  match(which: string | ((listener: RegisteredListener) => boolean)): readonly RegisteredListener[] {
    if (typeof which === 'function') return this.list().filter(which);
    const isMeant = idPattern(which);
    return this.list().filter(({ id }) => isMeant(id));
  }

  /**
   * Adds a listener, as a decorator would have. Resolves when it has started, unless its `autoStartup` is false, or the
   * application is about to start and will start it. One that does not start is not registered.
   * @throws KafkaConfigError; IllegalStateError `APPLICATION_STOPPED`, `LISTENER_ID_TAKEN`; whatever its start rejects with
   */
  async register(endpoint: KafkaListenerEndpoint): Promise<RegisteredListener> {
    const listener = this.add(endpoint);
    if (!this.#state.is('running') || !listener.autoStartup) return listener;
    try {
      await listener.start();
    } catch (error) {
      await this.unregister(endpoint.id);
      throw error;
    }
    return listener;
  }

  /** Stops a listener - it drains, commits and leaves its group - and forgets it; its id is free then. */
  async unregister(id: string, options?: StopOptions): Promise<StopReport> {
    const listener = this.get(id);
    this.#leaving.add(listener);
    const report = await listener.stop(options);
    this.#listeners.delete(id);
    return report;
  }

  async start(id: string): Promise<void> {
    return this.get(id).start();
  }

  async stop(id: string, options?: StopOptions): Promise<StopReport> {
    return this.get(id).stop(options);
  }

  pause(id: string): void {
    this.get(id).pause();
  }

  resume(id: string): void {
    this.get(id).resume();
  }

  /** The application's: adds without a start. @throws as `register` */
  add(endpoint: KafkaListenerEndpoint): RegisteredListener {
    const { factory, onFailed } = this.#requireOpen();
    const { id } = endpoint;
    const taken = this.#listeners.get(id);
    if (taken !== undefined) {
      const message = `'${id}' is the id of ${taken.endpoint.where} and of ${endpoint.where}: ids are unique`;
      throw new IllegalStateError(message, 'LISTENER_ID_TAKEN');
    }
    const requireOpen = (): void => this.#requireStartable(listener);
    const listener = new RegisteredListener({ endpoint, factory, onFailed, requireOpen });
    this.#listeners.set(id, listener);
    return listener;
  }

  /**
   * The application's: there is one to a container. A second one would take the beans of the first with it when it fails.
   * @throws IllegalStateError `APPLICATION_EXISTS`
   */
  claim(): void {
    if (this.#state.is('created')) this.#state.moveTo('claimed');
    else throw new IllegalStateError('the container has an application already', 'APPLICATION_EXISTS');
  }

  /** The application's. */
  open(init: RegistryInit): void {
    this.#state.moveTo('open');
    this.#init = init;
  }

  /** The application's: from now on what is registered starts by itself. */
  run(): void {
    this.#state.moveTo('running');
  }

  /** The application's: nothing is registered or started any more. */
  close(): void {
    this.#state.moveTo('closed');
  }

  #requireOpen(): RegistryInit {
    if (this.#state.is('open', 'running') && this.#init !== undefined) return this.#init;
    const when = this.#state.is('created', 'claimed') ? 'not started yet' : 'stopped';
    throw new IllegalStateError(
      `the application is ${when}: no listener can be registered or started`,
      'APPLICATION_STOPPED',
    );
  }

  #requireStartable(listener: RegisteredListener): void {
    this.#requireOpen();
    if (!this.#leaving.has(listener)) return;
    throw new IllegalStateError(`the listener '${listener.id}' is no longer registered`, 'UNREGISTERED');
  }
}
