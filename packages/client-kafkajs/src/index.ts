export type { GroupDescription, GroupListing, GroupMember } from './admin/groups.js';
export type { PartitionOffsets, ResetTarget } from './admin/offsets.js';
export type { NewPartitions, NewTopic, TopicChangeOptions, TopicDescription } from './admin/topics.js';
export type { AssignorName, ConsumerOptions } from './consumer/consumer-options.js';
export { DefaultKafkaConsumerFactory } from './default-consumer-factory.js';
export { DefaultKafkaProducerFactory } from './default-producer-factory.js';
export {
  AuthenticationError,
  KafkaBrokerError,
  KafkaConnectionError,
  PartitionError,
  ProducerError,
  RequestTimeoutError,
  UnsupportedVersionError,
  type ConnectionErrorCode,
  type ProducerErrorCode,
} from './errors.js';
export { KafkaAdmin } from './kafka-admin.js';
export type { Brokers, KafkaOptions } from './kafka-options.js';
export type { PartitionableRecord, Partitioner, PartitionerChoice, PartitionerName } from './producer/partitioner.js';
export type { ProducerOptions } from './producer/producer-options.js';
export { registerCompression, type CompressionCodec, type CompressionType } from '@hearken/protocol';
