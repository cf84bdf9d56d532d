import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaStartError } from './errors.js';
import { KafkaCluster } from './kafka-cluster.js';
import { KafkaNode } from './kafka-node.js';
import { freePorts } from './ports.js';
import { kafkaClassPath } from './runtime.js';
import { saslProperties, scramArguments, selfSigned, type Users } from './security.js';
import { nodeProperties, type ListenerProtocol, type NodePorts, type ServerProperties } from './server-properties.js';

const ATTEMPTS = 3;

/** How to run Kafka. */
export interface KafkaOptions {
  /** Which Apache Kafka, fetched on first use: 3.9 is the oldest that runs. @default '4.1.0' */
  readonly version?: string;
  /** Brokers, each a controller too. @default 1 */
  readonly nodes?: number;
  /** Port of the first node's first listener; the next nodes take the ports after it. @default free ports */
  readonly port?: number;
  /** What clients may speak, each on a port of its own; the first is that of `brokers`. @default ['PLAINTEXT'] */
  readonly listeners?: readonly ListenerProtocol[];
  /** Who may log in where a listener has SASL, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly users?: Users;
  /** More server.properties; they win over ours. */
  readonly config?: ServerProperties;
  /** Java heap of each node. @default 512 MiB */
  readonly heapBytes?: number;
  /** Compile and collect less: up sooner and lighter on the CPU, slower under load. For tests, not for benchmarks. @default false */
  readonly quickStart?: boolean;
  /** @default 180_000 */
  readonly startTimeoutMs?: number;
}

/**
 * Starts Apache Kafka (KRaft) on loopback, with its data in a temporary folder. Resolves when it serves, after about 3 s.
 * It ends with `stop()`, or with this process, however that ends.
 * @throws MissingToolError without Java or Maven
 * @throws KafkaStartError if it does not come up, with the end of its log
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const classPath = await kafkaClassPath(options.version);
  for (let attempt = 1; ; attempt++) {
    const cluster = await makeCluster(options, classPath);
    try {
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      const chosenByUs = options.port === undefined;
      if (!(error instanceof KafkaStartError && error.portTaken && chosenByUs && attempt < ATTEMPTS)) throw error;
    }
  }
}

async function makeCluster(options: KafkaOptions, classPath: string): Promise<KafkaCluster> {
  const { listeners = ['PLAINTEXT'], users = {} } = options;
  const folder = await mkdtemp(join(tmpdir(), 'hearken-kafka-'));
  const tls = listeners.some((listener) => listener.endsWith('SSL')) ? await selfSigned(folder) : undefined;
  const ports = await choosePorts(options, listeners);
  const shared = {
    clusterFolder: folder,
    clusterId: randomBytes(16).toString('base64url'),
    formatArguments: scramArguments(users),
    jvmArguments: jvmArguments(options),
    startTimeoutMs: options.startTimeoutMs ?? 180_000,
    classPath,
  };
  const nodes = ports.map(
    ({ clients }, i) =>
      new KafkaNode({
        ...shared,
        id: i + 1,
        address: `127.0.0.1:${Object.values(clients)[0] ?? 0}`,
        properties: {
          ...nodeProperties(ports, i + 1),
          ...saslProperties(listeners, users),
          ...tls?.properties,
          ...options.config,
        },
      }),
  );
  return new KafkaCluster(nodes, { ports, folder, ...(tls && { certificate: tls.certificate }) });
}

async function choosePorts(options: KafkaOptions, listeners: readonly ListenerProtocol[]): Promise<NodePorts[]> {
  const perNode = listeners.length + 2;
  const { nodes = 1, port } = options;
  const free = await freePorts(nodes * perNode);
  return Array.from({ length: nodes }, (_, i) => {
    const [broker = 0, controller = 0, ...clients] = free.slice(i * perNode, (i + 1) * perNode);
    if (port !== undefined) clients[0] = port + i;
    return { broker, controller, clients: Object.fromEntries(listeners.map((name, n) => [name, clients[n] ?? 0])) };
  });
}

/** One processor's worth of collector and compiler: several nodes share a machine's two with what they are tested with. */
const QUICK_START = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

function jvmArguments({ heapBytes = 512 * 1024 * 1024, quickStart = false }: KafkaOptions): string[] {
  return [`-Xmx${heapBytes}`, ...(quickStart ? QUICK_START : [])];
}
