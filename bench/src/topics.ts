import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { connectProducer, withAdmin } from './kafkajs-peer.js';
import { payloads } from './payloads.js';

/** A topic as a scenario needs it. */
export interface TopicPlan {
  readonly partitions: number;
  /** Records it holds before the first turn. */
  readonly records: number;
  readonly keys: number;
  readonly size: number;
  /** How uneven the keys are; see `zipf`. @default 0: all alike */
  readonly skew?: number;
  /** Several topics that are alike, all made, filled and deleted together. @default the topic itself */
  readonly names?: (topic: string) => readonly string[];
  /** @default by kafkajs, in batches of 2000 */
  readonly fill?: (brokers: string[], topic: string, plan: TopicPlan) => Promise<void>;
}

/** A broker that deletes a thousand partitions meanwhile takes its time. */
const LEADERS_WITHIN_MS = 30_000;
const FILL_BATCH = 2000;
const FILL_LANES = 3;
/** Bounds what a produce run leaves on disk. */
const PARTITION_BYTES = 256 * 1024 * 1024;

/** Makes and fills the topic, runs `work` on it, and deletes it however that ends. */
export async function withTopic<T>(
  brokers: string[],
  name: string,
  plan: TopicPlan,
  work: () => Promise<T>,
): Promise<T> {
  const topics = [...(plan.names?.(name) ?? [name])];
  for (const topic of topics) await createTopic(brokers, topic, plan);
  try {
    if (plan.records > 0) for (const topic of topics) await (plan.fill ?? fillByKafkajs)(brokers, topic, plan);
    return await work();
  } finally {
    await withAdmin(brokers, (admin) => admin.deleteTopics({ topics }));
  }
}

async function createTopic(brokers: string[], topic: string, plan: TopicPlan): Promise<void> {
  const configEntries = plan.records > 0 ? [] : [{ name: 'retention.bytes', value: String(PARTITION_BYTES) }];
  await withAdmin(brokers, async (admin) => {
    await admin.createTopics({
      topics: [{ topic, numPartitions: plan.partitions, configEntries }],
      waitForLeaders: false,
    });
    await leadersOf(admin, topic, plan.partitions);
  });
}

/** kafkajs' own `waitForLeaders` gives up at once where the broker has not heard of the topic yet. */
async function leadersOf(admin: Admin, topic: string, partitions: number): Promise<void> {
  const deadline = performance.now() + LEADERS_WITHIN_MS;
  const led = async (): Promise<number> => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics.flatMap((one) => one.partitions).filter(({ leader }) => leader >= 0).length;
  };
  while ((await led().catch(() => 0)) < partitions) {
    if (performance.now() > deadline) throw new Error(`${topic} has no leaders`);
    await sleep(100);
  }
}

/** Filled by kafkajs, so that both sides read batches that the peer made. */
async function fillByKafkajs(brokers: string[], topic: string, plan: TopicPlan): Promise<void> {
  const producer = await connectProducer(brokers);
  const source = payloads(plan.records, plan.keys, plan.size, plan.skew);
  const lane = async (): Promise<void> => {
    for (let batch = take(source, FILL_BATCH); batch.length > 0; batch = take(source, FILL_BATCH)) {
      await producer.send({ topic, messages: batch });
    }
  };
  try {
    await Promise.all(Array.from({ length: FILL_LANES }, lane));
  } finally {
    await producer.disconnect();
  }
}

/** The next items, fewer at the end. */
function take<T>(source: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = source.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** What a group has committed, added up over the partitions of a topic. */
export async function committedRecords(brokers: string[], groupId: string, topic: string): Promise<number> {
  const offsets = await withAdmin(brokers, (admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
  const partitions = offsets.flatMap((entry) => entry.partitions);
  return partitions.reduce((sum, at) => sum + Math.max(0, Number(at.offset)), 0);
}

/** Nobody comes back to a turn's group. */
export const deleteGroup = async (brokers: string[], groupId: string): Promise<void> => {
  await withAdmin(brokers, (admin) => admin.deleteGroups([groupId]));
};
