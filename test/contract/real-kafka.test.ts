import { bootstrapServers, describeWithKafka } from '../support/kafka.js';
import { exerciseBroker } from './exercise-broker.js';

describeWithKafka('Apache Kafka', () => {
  exerciseBroker(() => Promise.resolve({ brokers: bootstrapServers(), stop: () => Promise.resolve() }));
});
