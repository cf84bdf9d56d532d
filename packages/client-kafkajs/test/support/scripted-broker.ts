import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  apiVersionsApi,
  decodeRequest,
  encodeResponse,
  metadataApi,
  readRequestKind,
  type Api,
  type MetadataRequest,
  type MetadataResponse,
} from '@hearken/protocol';
import { Recorder } from '@hearken/testing';

/** A request as it came. */
export interface Received {
  readonly apiKey: number;
  readonly name: string;
  readonly version: number;
  readonly correlationId: number;
  readonly request: unknown;
  /** The whole frame, without its size. */
  readonly frame: Buffer;
  readonly client: BrokerConnection;
}

/** Answers, or not: undefined sends nothing. Bytes are sent as they are, as the body after the correlation id. */
type Handler = (received: Received) => unknown;

interface Script {
  readonly api: Api<unknown, unknown>;
  readonly handler: Handler;
}

/** A broker of a few lines on loopback that does what a test tells it, over the real wire. */
export class ScriptedBroker {
  readonly received = new Recorder<Received>();
  readonly connections = new Recorder<BrokerConnection>();
  readonly #server: Server;
  readonly #scripts = new Map<number, Script>();
  #port = 0;
  readonly #raw = new Map<number, (received: Received) => Buffer | undefined>();
  /** What ApiVersions offers beside what is scripted. */
  readonly offered = new Map<number, { minVersion: number; maxVersion: number }>();

  /** @param makeServer makes the server, for one with TLS */
  constructor(makeServer: (onSocket: (socket: Socket) => void) => Server = (onSocket) => createServer(onSocket)) {
    this.#server = makeServer((socket) => this.connections.record(new BrokerConnection(socket, this)));
    this.on(apiVersionsApi, () => ({ errorCode: 0, apiKeys: this.versions(), throttleTimeMs: 0 }));
    this.on(metadataApi, ({ request }) => this.metadata(request.topics));
  }

  static readonly #running = new Set<ScriptedBroker>();

  /** What a test leaves running; for `afterEach`. */
  static async stopAll(): Promise<void> {
    await Promise.all(Array.from(ScriptedBroker.#running, (broker) => broker.stop()));
  }

  static async start(makeServer?: (onSocket: (socket: Socket) => void) => Server): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(makeServer);
    await broker.listen();
    return broker;
  }

  async listen(port = 0): Promise<void> {
    ScriptedBroker.#running.add(this);
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Also after it stopped. */
  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.#port };
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.address.port}`;
  }

  /** Answers an API by this from now on. */
  on<Rq, Rs>(
    api: Api<Rq, Rs>,
    handler: (received: Received & { readonly request: Rq }) => Rs | Buffer | undefined,
  ): this {
    this.#scripts.set(api.key, { api, handler: handler as Handler });
    return this;
  }

  /** Answers an API that `protocol` does not know, by the body's bytes. */
  onRaw(
    apiKey: number,
    versions: [min: number, max: number],
    handler: (received: Received) => Buffer | undefined,
  ): this {
    this.offered.set(apiKey, { minVersion: versions[0], maxVersion: versions[1] });
    this.#raw.set(apiKey, handler);
    return this;
  }

  versions(): { apiKey: number; minVersion: number; maxVersion: number }[] {
    const scripted = Array.from(this.#scripts.values(), ({ api }) => ({
      apiKey: api.key,
      minVersion: api.minVersion,
      maxVersion: api.maxVersion,
    }));
    return [...scripted, ...Array.from(this.offered, ([apiKey, range]) => ({ apiKey, ...range }))];
  }

  /** Itself as node 1, and every topic asked for with one partition. */
  metadata(topics: MetadataRequest['topics']): MetadataResponse {
    return {
      throttleTimeMs: 0,
      brokers: [{ nodeId: 1, ...this.address, rack: null }],
      clusterId: 'scripted',
      controllerId: 1,
      topics: (topics ?? []).map(({ name }) => aTopic(name ?? '')),
      clusterAuthorizedOperations: 0,
    };
  }

  handle(received: Omit<Received, 'name' | 'request'>): void {
    const script = this.#scripts.get(received.apiKey);
    const request: unknown = script && decodeRequest(script.api, received.frame).request;
    const whole = { ...received, name: script?.api.name ?? String(received.apiKey), request };
    this.received.record(whole);
    const answer = script ? script.handler(whole) : this.#raw.get(received.apiKey)?.(whole);
    if (Buffer.isBuffer(answer)) received.client.send(withHeader(received.correlationId, answer));
    else if (answer !== undefined && script) {
      received.client.send(Buffer.concat(encodeResponse(script.api, received.version, received.correlationId, answer)));
    }
  }

  /** Requests of one API so far. */
  countOf(api: { readonly key: number }): number {
    return this.received.items.filter(({ apiKey }) => apiKey === api.key).length;
  }

  async stop(): Promise<void> {
    ScriptedBroker.#running.delete(this);
    for (const { socket } of this.connections.items) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** One accepted connection. */
export class BrokerConnection {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, broker: ScriptedBroker) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => undefined); // a client that hangs up is what many tests are about
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
        const { apiKey, version } = readRequestKind(frame);
        broker.handle({ apiKey, version, correlationId: frame.readInt32BE(4), frame, client: this });
      }
    });
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  #next(): Buffer | undefined {
    if (this.#bytes.length < 4) return undefined;
    const end = 4 + this.#bytes.readInt32BE(0);
    if (this.#bytes.length < end) return undefined;
    const frame = this.#bytes.subarray(4, end);
    this.#bytes = this.#bytes.subarray(end);
    return frame;
  }
}

/** A frame: size, correlation id, body. */
export function withHeader(correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + body.length, 0);
  head.writeInt32BE(correlationId, 4);
  return Buffer.concat([head, body]);
}

type WireTopic = MetadataResponse['topics'][number];

/** A topic with one partition, led by node 1, or as told. */
export const aTopic = (name: string, changes: Partial<WireTopic> = {}): WireTopic => ({
  errorCode: 0,
  name,
  topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
  isInternal: false,
  partitions: [aPartition(0)],
  topicAuthorizedOperations: 0,
  ...changes,
});

type WirePartition = WireTopic['partitions'][number];

export const aPartition = (partitionIndex: number, changes: Partial<WirePartition> = {}): WirePartition => ({
  errorCode: 0,
  partitionIndex,
  leaderId: 1,
  leaderEpoch: 0,
  replicaNodes: [1],
  isrNodes: [1],
  offlineReplicas: [],
  ...changes,
});
