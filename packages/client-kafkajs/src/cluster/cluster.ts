import type { KafkaError } from '@hearken/core';
import {
  findCoordinatorApi,
  metadataApi,
  type Api,
  type MetadataRequest,
  type MetadataResponse,
} from '@hearken/protocol';
import { isRetriable, KafkaConnectionError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import { formatAddress, type Address } from '../net/address.js';
import type { Connection, RequestOf, SendOptions } from '../net/connection.js';
import { backOffMs } from './back-off.js';
import { Bootstrap } from './bootstrap.js';
import { Coordinators } from './coordinators.js';
import { ASK_ANOTHER_MS, firstAnswer } from './first-answer.js';
import { Metadata, metadataRequest } from './metadata.js';
import { NodeConnection } from './node-connection.js';
import { Pauses } from './pauses.js';

/** What a producer or consumer adds to the options of its Kafka. */
export interface ClusterOptions extends ResolvedKafkaOptions {
  /** How old cached metadata may be. */
  readonly metadataMaxAgeMs: number;
  /** Whether asking for a topic that does not exist may create it, if the broker is set so. */
  readonly allowAutoTopicCreation: boolean;
}

/**
 * What a connection is for. A broker serves one request of a connection at a time, so what may wait long has a socket of its
 * own: a fetch at the leader, a join at the coordinator.
 */
export type ConnectionRole = 'control' | 'produce' | 'fetch' | 'spare' | 'group';

/** A broker, as metadata names it. */
export interface Node extends Address {
  readonly nodeId: number;
}

/**
 * The brokers, as one producer or consumer sees them: which there are, a connection for each node and role, topics and
 * coordinators. Nothing is shared between clusters. Connects on first use.
 */
export class Cluster {
  readonly metadata: Metadata;
  readonly #options: ClusterOptions;
  readonly #pauses: Pauses;
  readonly #bootstrap: Bootstrap;
  readonly #coordinators: Coordinators;
  #nodes: ReadonlyMap<number, Node> = new Map();
  #controllerId = -1;
  readonly #connections = new Map<string, NodeConnection>();
  /** Who is asked first where any will do: with a node that answers it stays, with one connection to it. */
  #preferred = -1;
  #closedBy: KafkaError | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#pauses = new Pauses(options.clock);
    this.#bootstrap = new Bootstrap(options, this.#pauses);
    this.metadata = new Metadata(options, this.#pauses, (request) => this.#askMetadata(request));
    this.#coordinators = new Coordinators(this.#pauses, async (groupId) => {
      const found = await this.askAny('control', findCoordinatorApi, { key: groupId, keyType: 0 });
      // It may have joined the cluster since the nodes were told last.
      if (found.errorCode === 0 && !this.#nodes.has(found.nodeId)) this.#setNodes([...this.nodes, found]);
      return found;
    });
  }

  /** The brokers known now; empty before the first contact. */
  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  /** The node that changes topics; undefined if nobody told. Brokers of KRaft clusters name any: they all pass it on. */
  get controllerId(): number | undefined {
    return this.#nodes.has(this.#controllerId) ? this.#controllerId : undefined;
  }

  /**
   * Sends to one node, over its connection for the role: connects first if needed. Requests of one node and role go out in
   * the order of the calls. Tries once: retrying is the caller's.
   * @throws KafkaConnectionError, RequestTimeoutError, AuthenticationError, UnsupportedVersionError
   */
  async send<Rq, Rs>(
    nodeId: number,
    role: ConnectionRole,
    api: Api<Rq, Rs>,
    request: RequestOf<Rq>,
    options?: SendOptions,
  ): Promise<Rs> {
    const connection = await this.#connection(nodeId, role);
    return connection.send(api, request, options);
  }

  /**
   * Asks whichever node answers: the next when one fails, or beside one that takes long, and all anew when none does. For
   * questions only, as several nodes may get it.
   * @throws as {@link sendToAny}; but what no other node would mend only when nobody that was asked before may answer still
   */
  askAny<Rq, Rs>(role: ConnectionRole, api: Api<Rq, Rs>, request: RequestOf<Rq>, options?: SendOptions): Promise<Rs> {
    return this.#onAny(role, (connection) => connection.send(api, request, options), ASK_ANOTHER_MS);
  }

  /**
   * Sends to whichever node takes it, trying them one after the other and finding brokers anew when none does. For what
   * changes something: a node that takes long is waited for, as it may do it yet.
   * @throws what failed last, after `bootstrapTimeoutMs` and when every node was tried; at once what no other node would mend
   */
  sendToAny<Rq, Rs>(
    role: ConnectionRole,
    api: Api<Rq, Rs>,
    request: RequestOf<Rq>,
    options?: SendOptions,
  ): Promise<Rs> {
    return this.#onAny(role, (connection) => connection.send(api, request, options));
  }

  /**
   * Sends one of kafkajs' requests; resolves with what kafkajs decodes, error codes unchecked.
   * @param nodeId undefined for whichever node takes it, as with {@link sendToAny}
   */
  sendKafkajs(nodeId: number | undefined, name: string, args: unknown, timeoutMs?: number): Promise<unknown> {
    const send = (connection: Connection): Promise<unknown> => connection.sendKafkajs(name, args, { timeoutMs });
    return nodeId === undefined ? this.#onAny('control', send) : this.#connection(nodeId, 'control').then(send);
  }

  /** The brokers as they are now, asked anew. */
  async refreshNodes(): Promise<readonly Node[]> {
    await this.#askMetadata(metadataRequest([], false));
    return this.nodes;
  }

  /** {@link Coordinators.coordinator} */
  coordinator(groupId: string): Promise<number> {
    return this.#coordinators.coordinator(groupId);
  }

  /** {@link Coordinators.forget} */
  forgetCoordinator(groupId: string): void {
    this.#coordinators.forget(groupId);
  }

  /**
   * Waits; for retries of what is sent by this cluster.
   * @throws KafkaConnectionError `CLIENT_CLOSED` as soon as the cluster is closed
   */
  pause(delayMs: number): Promise<void> {
    return this.#pauses.pause(delayMs);
  }

  /** Destroys every socket and rejects what is in flight or waiting with `CLIENT_CLOSED`. Idempotent; waits for nothing. */
  close(): Promise<void> {
    this.#closedBy ??= new KafkaConnectionError('the client was closed', { code: 'CLIENT_CLOSED' });
    this.#pauses.close(this.#closedBy);
    this.#bootstrap.close(this.#closedBy);
    for (const connection of this.#connections.values()) connection.close(this.#closedBy);
    return Promise.resolve();
  }

  async #askMetadata(request: MetadataRequest): Promise<MetadataResponse> {
    const response = await this.askAny('control', metadataApi, request, { minVersion: 1 });
    this.#updateNodes(response);
    return response;
  }

  async #onAny<T>(
    role: ConnectionRole,
    use: (connection: Connection) => Promise<T>,
    patienceMs = Infinity,
  ): Promise<T> {
    const { clock, bootstrapTimeoutMs } = this.#options;
    const deadline = clock.monotonic() + bootstrapTimeoutMs;
    const ask = async (nodeId: number): Promise<T> => use(await this.#connection(nodeId, role));
    if (this.#nodes.size === 0) await this.#findNodes();
    for (let round = 1; ; round++) {
      try {
        const { nodeId, answer } = await firstAnswer({ clock, nodeIds: this.#inTurn(), ask, patienceMs });
        this.#preferred = nodeId;
        return answer;
      } catch (error) {
        // Not within the round: one that hangs uses up the time, and the next may be well.
        if (!isRetriable(error) || clock.monotonic() >= deadline) throw error;
      }
      await this.#pauses.pause(backOffMs(round, Math.random()));
      await this.#findNodes(); // they may all have moved
    }
  }

  /** All nodes, from the one that answered last: those that failed or were silent before it did come last. */
  #inTurn(): readonly number[] {
    const nodeIds = [...this.#nodes.keys()];
    // Any to begin with, so that not every client asks the first broker.
    if (!this.#nodes.has(this.#preferred)) this.#preferred = nodeIds[Math.floor(Math.random() * nodeIds.length)] ?? -1;
    const first = nodeIds.indexOf(this.#preferred);
    return [...nodeIds.slice(first), ...nodeIds.slice(0, first)];
  }

  #connection(nodeId: number, role: ConnectionRole): Promise<Connection> {
    if (this.#closedBy !== undefined) return Promise.reject(this.#closedBy);
    const node = this.#nodes.get(nodeId);
    if (node !== undefined) return this.#placeOf(node, role).get();
    if (this.#nodes.size > 0) return Promise.reject(unknownNode(nodeId));
    return this.#findNodes().then(() => this.#connection(nodeId, role));
  }

  #placeOf(node: Node, role: ConnectionRole): NodeConnection {
    const key = `${node.nodeId}/${role}`;
    const known = this.#connections.get(key);
    if (known !== undefined && formatAddress(known.address) === formatAddress(node)) return known;
    known?.close(
      new KafkaConnectionError(`node ${node.nodeId} moved to ${formatAddress(node)}`, { code: 'CONNECTION_CLOSED' }),
    );
    const place = new NodeConnection({ host: node.host, port: node.port }, this.#options, this.#pauses);
    this.#connections.set(key, place);
    return place;
  }

  async #findNodes(): Promise<void> {
    this.#updateNodes(await this.#bootstrap.find());
    if (this.#closedBy !== undefined) throw this.#closedBy;
  }

  #updateNodes({ brokers, controllerId }: MetadataResponse): void {
    this.#controllerId = controllerId;
    if (brokers.length > 0) this.#setNodes(brokers);
  }

  #setNodes(nodes: readonly Node[]): void {
    this.#nodes = new Map(nodes.map(({ nodeId, host, port }) => [nodeId, { nodeId, host, port }]));
  }
}

const unknownNode = (nodeId: number): KafkaConnectionError =>
  new KafkaConnectionError(`node ${nodeId} is not in the cluster now`, { code: 'CONNECTION_FAILED' });
