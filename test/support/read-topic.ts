import kafkajs from 'kafkajs';
import { uniqueName } from './kafka.js';

/** A record as kafkajs reads it. */
export interface PeerReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: kafkajs.IHeaders;
}

/** The first `count` records of a topic, or however many it has beyond when they come, read by kafkajs; in order per partition. */
export async function readTopic(brokers: string[], topic: string, count: number): Promise<PeerReadRecord[]> {
  const kafka = new kafkajs.Kafka({ brokers, clientId: 'reader', logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: uniqueName('reader'), maxWaitTimeInMs: 100 });
  const records: PeerReadRecord[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachBatch = ({ batch }: kafkajs.EachBatchPayload): Promise<void> => {
      for (const message of batch.messages) records.push(toRecord(batch.partition, message));
      if (records.length >= count) resolve();
      return Promise.resolve();
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  return records;
}

const toRecord = (partition: number, message: kafkajs.KafkaMessage): PeerReadRecord => ({
  partition,
  offset: Number(message.offset),
  timestamp: Number(message.timestamp),
  key: message.key,
  value: message.value,
  headers: message.headers ?? {},
});
