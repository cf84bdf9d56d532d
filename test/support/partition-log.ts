import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { uniqueName } from './kafka.js';

/** What a partition holds, as the number at the beginning of each value, by offset. */
export type PartitionLog = readonly number[];

/** The numbers of all partitions of a topic; see {@link readPartitions}. */
export async function readLogs(brokers: string[], topic: string): Promise<readonly PartitionLog[]> {
  const numberIn = ({ value }: kafkajs.KafkaMessage): number => Number.parseInt(value?.toString('latin1') ?? '', 10);
  return (await readPartitions(brokers, topic)).map((messages) => messages.map(numberIn));
}

/**
 * All partitions of a topic by offset, read to their ends by kafkajs, which shares no code with what wrote them. Only for
 * topics without transactions and compaction: an offset without a record is a hole in the list.
 */
export async function readPartitions(brokers: string[], topic: string): Promise<kafkajs.KafkaMessage[][]> {
  const kafka = new kafkajs.Kafka({ brokers, clientId: 'oracle', logLevel: kafkajs.logLevel.NOTHING });
  const ends = await endOffsets(kafka, topic);
  const logs = ends.map((): kafkajs.KafkaMessage[] => []);
  let unfinished = ends.filter((end) => end > 0).length;
  const consumer = kafka.consumer({ groupId: uniqueName('oracle'), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    if (unfinished === 0) resolve();
    const eachBatch = ({ batch: { partition, messages } }: kafkajs.EachBatchPayload): Promise<void> => {
      const end = ends[partition] ?? 0;
      for (const message of messages) {
        const offset = Number(message.offset);
        if (offset >= end) break;
        logs[partition]![offset] = message;
        if (offset === end - 1 && --unfinished === 0) resolve();
      }
      return Promise.resolve();
    };
    consumer.run({ eachBatch, partitionsConsumedConcurrently: ends.length }).catch(reject);
  });
  await consumer.disconnect();
  return logs;
}

async function endOffsets(kafka: kafkajs.Kafka, topic: string): Promise<number[]> {
  const admin = kafka.admin();
  await admin.connect();
  const ends: number[] = [];
  for (const { partition, high } of await admin.fetchTopicOffsets(topic)) ends[partition] = Number(high);
  await admin.disconnect();
  return ends;
}

/** The log holds 0, 1, 2, … and nothing else: each record once, in order, none missing. */
export function assertCounts(log: PartitionLog, count: number, name: string): void {
  const wrong = log.findIndex((n, offset) => n !== offset);
  const around = (at: number): string => log.slice(Math.max(0, at - 5), at + 6).join();
  assert.equal(wrong, -1, `${name}: ${log[wrong] ?? 'nothing'} at ${wrong}, among ${around(wrong)}`);
  assert.equal(log.length, count, `${name}: records in the log, and sent`);
}
