import { DefaultKafkaProducerFactory, KafkaTemplate } from 'hearken';
import { connectProducer } from './kafkajs-peer.js';
import type { Payload } from './payloads.js';

/** A producer that takes records one by one. `acks: 'all'` and no compression, which are everybody's defaults. */
export interface Sender<Prepared = Payload> {
  /** A payload as its API wants it, made before the time is taken. */
  readonly prepare: (payload: Payload) => Prepared;
  /** Resolves when the record is acknowledged. */
  readonly send: (topic: string, prepared: Prepared) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

export type Connect<Prepared = Payload> = (brokers: string[]) => Promise<Sender<Prepared>>;

const asItIs = (payload: Payload): Payload => payload;

export const hearkenSender: Connect = (brokers) => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-hearken' }));
  return Promise.resolve({
    prepare: asItIs,
    send: (topic, { key, value }) => template.send(topic, value, { key }),
    close: () => template.close(),
  });
};

export const kafkajsSender: Connect = async (brokers) => {
  const producer = await connectProducer(brokers);
  return {
    prepare: asItIs,
    send: (topic, { key, value }) => producer.send({ topic, messages: [{ key, value }] }),
    close: () => producer.disconnect(),
  };
};

/**
 * It gathers records into batches by itself. It takes strings alone, and writes the partition into the record, so each is a
 * new one.
 */
export const kafkaTsSender: Connect<{ readonly key: string; readonly value: string }> = async (brokers) => {
  const { kafkaTsClient } = await import('./kafka-ts-peer.js'); // an earlier commit may not have it installed
  const producer = kafkaTsClient(brokers).createProducer({ maxBatchSize: 10_000 }); // a tenth less CPU than its default of 500
  return {
    prepare: ({ key, value }) => ({ key: key.toString('latin1'), value: value.toString('latin1') }),
    send: (topic, { key, value }) => producer.send([{ topic, key, value }]),
    close: () => producer.close(),
  };
};
