import { rm } from 'node:fs/promises';
import type { KafkaNode } from './kafka-node.js';
import type { ListenerProtocol, NodePorts } from './server-properties.js';

/** A running Kafka of one or more nodes. */
export class KafkaCluster implements AsyncDisposable {
  readonly nodes: readonly KafkaNode[];
  /** The certificate of listeners with SSL, in PEM: what a client must trust. Undefined without such a listener. */
  readonly certificate: string | undefined;
  readonly #ports: readonly NodePorts[];
  readonly #folder: string;

  constructor(nodes: readonly KafkaNode[], at: { ports: readonly NodePorts[]; folder: string; certificate?: string }) {
    this.nodes = nodes;
    this.certificate = at.certificate;
    this.#ports = at.ports;
    this.#folder = at.folder;
  }

  /** Bootstrap servers, by the first listener: "127.0.0.1:20123". */
  get brokers(): string[] {
    return this.nodes.map(({ address }) => address);
  }

  /** Bootstrap servers by one of the listeners asked for. */
  brokersOf(listener: ListenerProtocol): string[] {
    return this.#ports.map(({ clients }) => {
      const port = clients[listener];
      if (port === undefined) throw new Error(`this Kafka has no ${listener} listener: name it in \`listeners\``);
      return `127.0.0.1:${port}`;
    });
  }

  /** Process ids of the nodes that run. */
  get pids(): number[] {
    return this.nodes.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  }

  /** Starts the nodes that are down; resolves when all serve. */
  async start(): Promise<void> {
    await all(this.nodes, (node) => node.start());
  }

  /** SIGKILL to every node. Data and ports stay: `start` or `restart` go on with them. */
  async kill(): Promise<void> {
    await all(this.nodes, (node) => node.kill());
  }

  /** Stops what runs and starts every node on the same ports and data. */
  async restart(): Promise<void> {
    await all(this.nodes, (node) => node.stop());
    await this.start();
  }

  /** The end: nothing is closed cleanly, because the data goes too. Calling it again does nothing. */
  async stop(): Promise<void> {
    try {
      await this.kill();
    } finally {
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Does it for every node, also if it fails for one; then rejects with the first failure. */
async function all(nodes: readonly KafkaNode[], act: (node: KafkaNode) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(nodes.map(act));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
