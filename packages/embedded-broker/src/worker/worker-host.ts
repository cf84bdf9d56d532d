import { Worker } from 'node:worker_threads';
import { systemClock, type Clock } from '@hearken/core';
import { deferred, StateMachine, type Deferred } from '@hearken/core/internal';
import type { CoordinatorType } from '../cluster/coordinators.js';
import { EmbeddedKafkaError } from '../errors.js';
import type { FaultSpec } from '../faults/fault-spec.js';
import type { BrokerEvent } from '../faults/recorded-request.js';
import type { GroupDescription } from '../groups/group-description.js';
import type { BrokerAddress, BrokerHost, NewTopic, StoredRecord } from '../host.js';
import type { ResolvedEmbeddedKafkaOptions } from '../options.js';
import type { Call, Commands, WorkerMessage } from './messages.js';
import { fromPlainError } from './plain-error.js';

const ENTRY = new URL('./broker-worker.js', import.meta.url);

/** How long the worker has for its own end before it is ended. */
const STOP_TIMEOUT_MS = 5_000;

/** Without this process's own options: loaders cost time, and some are refused in a worker. */
const newWorker = (): Worker => new Worker(ENTRY, { name: 'hearken-broker', execArgv: [] });

interface WorkerHostParts {
  readonly worker: Worker;
  readonly clock: Clock;
}

/**
 * The brokers in a thread of their own, so that they go on while this one is blocked. Commands and answers are messages.
 *
 * - `running`: commands are sent.
 * - `failed`: the worker ended by itself; every command rejects with `WORKER_FAILED`.
 * - `stopped`: by its owner; what was pending rejects with `STOPPED`.
 */
export class WorkerHost implements BrokerHost {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Deferred<unknown>>();
  readonly #state = new StateMachine('a broker in a worker', {
    initial: 'running',
    moves: { running: ['failed', 'stopped'], failed: ['stopped'], stopped: [] },
  });
  #addresses: readonly BrokerAddress[] = [];
  #onEvent: (event: BrokerEvent) => void = () => undefined;
  /** What a command is told that is sent no more. */
  #end: EmbeddedKafkaError | undefined;
  #stopping: Promise<void> | undefined;
  #lastId = 0;

  private constructor({ worker, clock }: WorkerHostParts) {
    this.#worker = worker;
    this.#clock = clock;
    worker.on('message', (message: WorkerMessage) => this.#take(message));
    worker.on('messageerror', (cause) => this.#fail(cause));
    worker.on('error', (cause) => this.#fail(cause));
    worker.on('exit', (exitCode) => this.#fail(new Error(`the worker ended with exit code ${exitCode}`)));
  }

  /** @throws as the inline host does; EmbeddedKafkaError `WORKER_FAILED` */
  static async start(options: ResolvedEmbeddedKafkaOptions, parts: Partial<WorkerHostParts> = {}): Promise<WorkerHost> {
    const { worker = newWorker(), clock = systemClock } = parts;
    const host = new WorkerHost({ worker, clock });
    const { brokers, topics, partitions, autoCreate, config, mode, port } = options;
    try {
      host.#addresses = await host.#ask('start', { brokers, topics, partitions, autoCreate, config, mode, port });
      return host;
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  get addresses(): readonly BrokerAddress[] {
    return this.#addresses;
  }

  onEvent(listener: (event: BrokerEvent) => void): void {
    this.#onEvent = listener;
  }

  addTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#ask('addTopics', topics);
  }

  records(topic: string): Promise<StoredRecord[]> {
    return this.#ask('records', topic);
  }

  groups(): Promise<GroupDescription[]> {
    return this.#ask('groups');
  }

  async addRule(rule: FaultSpec): Promise<number> {
    if (rule.effect.kind !== 'respond') return this.#ask('addRule', rule);
    throw new EmbeddedKafkaError("a function cannot be given to a worker: respond() needs mode 'inline'", {
      code: 'UNSUPPORTED_IN_WORKER',
    });
  }

  removeRule(id: number): Promise<void> {
    return this.#ask('removeRule', id);
  }

  clearRules(): Promise<void> {
    return this.#ask('clearRules');
  }

  brokerDown(nodeId: number): Promise<void> {
    return this.#ask('brokerDown', nodeId);
  }

  brokerUp(nodeId: number): Promise<void> {
    return this.#ask('brokerUp', nodeId);
  }

  brokerPause(nodeId: number): Promise<void> {
    return this.#ask('brokerPause', nodeId);
  }

  brokerResume(nodeId: number): Promise<void> {
    return this.#ask('brokerResume', nodeId);
  }

  moveLeader(topic: string, partition: number, toNodeId: number): Promise<void> {
    return this.#ask('moveLeader', topic, partition, toNodeId);
  }

  moveCoordinator(type: CoordinatorType, key: string, toNodeId: number): Promise<void> {
    return this.#ask('moveCoordinator', type, key, toNodeId);
  }

  evictMember(groupId: string, memberOrInstanceId: string): Promise<boolean> {
    return this.#ask('evictMember', groupId, memberOrInstanceId);
  }

  forceRebalance(groupId: string): Promise<boolean> {
    return this.#ask('forceRebalance', groupId);
  }

  truncateLog(topic: string, partition: number, offset: number): Promise<void> {
    return this.#ask('truncateLog', topic, partition, offset);
  }

  setLogStart(topic: string, partition: number, offset: number): Promise<void> {
    return this.#ask('setLogStart', topic, partition, offset);
  }

  corruptBatch(topic: string, partition: number, offset: number): Promise<void> {
    return this.#ask('corruptBatch', topic, partition, offset);
  }

  reset(): Promise<void> {
    return this.#ask('reset');
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** A worker that does not answer any more is ended all the same. */
  async #stop(): Promise<void> {
    const overdue = deferred();
    const timer = this.#clock.setTimer(overdue.resolve, STOP_TIMEOUT_MS);
    try {
      await Promise.race([this.#askToStop(), overdue.promise]);
    } finally {
      timer.clear();
      this.#endWith('stopped', new EmbeddedKafkaError('the embedded Kafka was stopped', { code: 'STOPPED' }));
      await this.#worker.terminate();
    }
  }

  /** Where the worker failed, before or now, nothing is left to stop. */
  async #askToStop(): Promise<void> {
    try {
      await this.#ask('stop');
    } catch (error) {
      if (this.#state.is('running')) throw error;
    }
  }

  #ask<Name extends keyof Commands>(command: Name, ...args: Parameters<Commands[Name]>): ReturnType<Commands[Name]> {
    return this.#send({ id: ++this.#lastId, command, args }) as ReturnType<Commands[Name]>;
  }

  async #send(call: Call): Promise<unknown> {
    if (this.#end !== undefined) throw this.#end;
    const answer = deferred<unknown>();
    this.#pending.set(call.id, answer);
    this.#worker.postMessage(call);
    return answer.promise;
  }

  #take(message: WorkerMessage): void {
    if (message.kind === 'events') {
      for (const event of message.events) this.#onEvent(event);
      return;
    }
    const answer = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'result') answer?.resolve(message.value);
    else answer?.reject(fromPlainError(message.error));
  }

  #fail(cause: unknown): void {
    if (!this.#state.is('running')) return;
    const failed = new EmbeddedKafkaError('the worker of the embedded Kafka failed', { code: 'WORKER_FAILED', cause });
    this.#endWith('failed', failed);
    this.#onEvent({ kind: 'ended', error: failed });
  }

  #endWith(state: 'failed' | 'stopped', error: EmbeddedKafkaError): void {
    this.#state.moveTo(state);
    this.#end = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
