import { exerciseConsumer, exerciseProducer } from '@hearken/testing';
import type { ProducerOptions } from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { RealKafka } from './real-kafka.js';

describeWithKafka('the client on real Kafka', () => {
  let real: RealKafka | undefined;
  const kafka = (): RealKafka => (real ??= new RealKafka());
  after(() => real?.close());

  const producers: Readonly<Record<string, ProducerOptions>> = {
    'with its defaults': {},
    'that lingers and compresses': { lingerMs: 5, batchSizeBytes: 4_096, compression: 'gzip' },
    'that is not idempotent': { idempotent: false, acks: 1 },
  };
  for (const [kind, options] of Object.entries(producers)) {
    describe(`a producer ${kind}`, () => {
      exerciseProducer({
        createProducer: () => kafka().producer(options),
        createTopic: (partitions) => kafka().createTopic(partitions),
        read: (topic, partition) => kafka().read(topic, partition),
      });
    });
  }

  describe('a consumer', () => {
    exerciseConsumer({
      createConsumer: (groupId) => kafka().consumer(groupId),
      createTopic: (partitions) => kafka().createTopic(partitions),
      produce: (topic, partition, records) => kafka().produce(topic, partition, records),
      uniqueGroup: () => uniqueName('contract'),
    });
  });
});
