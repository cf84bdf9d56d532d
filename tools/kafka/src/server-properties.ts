/** How clients talk to a listener. */
export type ListenerProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

/** server.properties, before they are written out. */
export type ServerProperties = Readonly<Record<string, string | number | boolean>>;

/** Where one node listens. Nodes talk to each other on ports of their own, so that client listeners may be anything. */
export interface NodePorts {
  readonly clients: Readonly<Partial<Record<ListenerProtocol, number>>>;
  readonly broker: number;
  readonly controller: number;
}

/** A node that is broker and controller in one, in a cluster of such nodes; ids count from 1. */
export function nodeProperties(nodes: readonly NodePorts[], id: number): ServerProperties {
  const ports = nodes[id - 1];
  if (ports === undefined) throw new RangeError(`no node ${id} among ${nodes.length}`);
  const advertised = [...Object.entries(ports.clients), ['BROKER', ports.broker] as const];
  const replicas = Math.min(nodes.length, 3);
  return {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': nodes.map(({ controller }, i) => `${i + 1}@127.0.0.1:${controller}`).join(','),
    listeners: urls([...advertised, ['CONTROLLER', ports.controller]]),
    'advertised.listeners': urls(advertised),
    'listener.security.protocol.map':
      'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'group.initial.rebalance.delay.ms': 0,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': 2,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 2,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': 1,
    // A killed node cannot come back before its session ends: 13 s with Kafka's own 9 s, 5 s with these.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    // So that compaction can be waited for: Kafka looks every 15 s for logs to clean.
    'log.cleaner.backoff.ms': 1_000,
    // Kafka's 128 MiB would be a quarter of our heap.
    'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
  };
}

const urls = (ports: readonly (readonly [name: string, port: number])[]): string =>
  ports.map(([name, port]) => `${name}://127.0.0.1:${port}`).join(',');

/** The text of a Java properties file. */
export const propertiesText = (properties: ServerProperties): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${escaped(String(value))}\n`)
    .join('');

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
