import { startKafka, type KafkaCluster, type KafkaNode } from '@hearken/tools-kafka';
import { KafkaAdmin, silentLogger, type TopicDescription } from 'hearken';
import kafkajs from 'kafkajs';
import { uniqueName } from './kafka.js';
import { until } from './until.js';

const OFFSETS_TOPIC = '__consumer_offsets';

/**
 * A Kafka of three nodes in which every partition has three replicas, of which two must have a record before it is
 * acknowledged: any one node may be lost at any time. All that changes who leads resolves when it has happened.
 */
export class ThreeNodes implements AsyncDisposable {
  readonly #cluster: KafkaCluster;
  readonly #admin: KafkaAdmin;

  private constructor(cluster: KafkaCluster) {
    this.#cluster = cluster;
    this.#admin = new KafkaAdmin({ brokers: cluster.brokers, logger: silentLogger });
  }

  static async start(): Promise<ThreeNodes> {
    const cluster = await startKafka({
      nodes: 3,
      heapBytes: 384 * 1024 * 1024,
      quickStart: true,
      config: {
        'min.insync.replicas': 2,
        // How soon the first of a partition's replicas leads again after it came back, or was made the first.
        'leader.imbalance.check.interval.seconds': 1,
        // How soon a killed node is missed, as a broker and as a controller; it cannot come back before.
        'broker.session.timeout.ms': 2_000,
        'broker.heartbeat.interval.ms': 300,
        'controller.quorum.fetch.timeout.ms': 1_000,
        'controller.quorum.election.timeout.ms': 500,
      },
    });
    const nodes = new ThreeNodes(cluster);
    await nodes.#admin.committedOffsets(uniqueName('first')); // makes the topic in which groups keep their offsets
    await nodes.whole();
    return nodes;
  }

  get brokers(): string[] {
    return this.#cluster.brokers;
  }

  get nodes(): readonly KafkaNode[] {
    return this.#cluster.nodes;
  }

  async createTopic(partitions: number, config: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = uniqueName('faults');
    await this.#admin.createTopics([{ topic, partitions, replicationFactor: 3, config }]);
    return topic;
  }

  /** Every replica of every partition is in sync, and the first one leads. */
  async whole(): Promise<void> {
    await until('every replica is in sync, and the first leads', async () => {
      const topics = await this.#describeAll();
      return topics.every(({ partitions }) =>
        partitions.every(
          ({ inSyncReplicas, replicas, leader }) => inSyncReplicas.length === 3 && leader === replicas[0],
        ),
      );
    });
  }

  /** SIGKILL; it comes back when the others have noticed. */
  async killAndStart(node: KafkaNode): Promise<void> {
    await node.kill();
    await node.start();
    await this.whole();
  }

  /** Every partition of the topic gets another leader; no node goes down. */
  async moveLeaders(topic: string): Promise<void> {
    await this.#reassign(topic, await this.#partitionsOf(topic));
  }

  /** The group gets another coordinator; no node goes down. */
  async moveCoordinator(groupId: string): Promise<void> {
    const partitions = await this.#partitionsOf(OFFSETS_TOPIC);
    await this.#reassign(OFFSETS_TOPIC, [partitions[javaHash(groupId) % partitions.length]!]);
  }

  async stop(): Promise<void> {
    await this.#admin.close();
    await this.#cluster.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** The second replica becomes the first. */
  async #reassign(topic: string, partitions: TopicDescription['partitions']): Promise<void> {
    const admin = new kafkajs.Kafka({ brokers: this.brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const partitionAssignment = partitions.map(({ partition, replicas: [first = 0, ...others] }) => ({
      partition,
      replicas: [...others, first],
    }));
    await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
    await admin.disconnect();
    await until('the new leaders lead', async () => {
      const now = await this.#partitionsOf(topic);
      return partitionAssignment.every(({ partition, replicas }) => now[partition]?.leader === replicas[0]);
    });
  }

  async #partitionsOf(topic: string): Promise<TopicDescription['partitions']> {
    const [description] = await this.#admin.describeTopics([topic]);
    return description?.partitions ?? [];
  }

  async #describeAll(): Promise<readonly TopicDescription[]> {
    return this.#admin.describeTopics([OFFSETS_TOPIC, ...(await this.#admin.listTopics())]);
  }
}

/** Java's `String.hashCode` without its sign: by it Kafka chooses the partition that keeps a group's offsets. */
function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return Math.abs(hash);
}
