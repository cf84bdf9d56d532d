export { systemClock, type Clock, type Timer } from './clock.js';
export type {
  Consumer,
  ConsumerFactory,
  ConsumerGroupMetadata,
  ConsumerOverrides,
  ConsumerRebalanceListener,
  PartitionLag,
} from './consumer.js';
export {
  codeOf,
  CommitFailedError,
  DeserializationError,
  IllegalStateError,
  isKafkaError,
  KafkaConfigError,
  KafkaError,
  SerializationError,
  type ConfigProblem,
  type KafkaErrorOptions,
} from './errors.js';
export { Headers, type HeadersInit, type HeaderValue } from './headers.js';
export { defaultLogger, silentLogger, type Logger } from './logger.js';
export type {
  CloseOptions,
  PartitionInfo,
  Producer,
  ProducerFactory,
  ProducerMetrics,
  SendMapper,
} from './producer.js';
export {
  ConsumerRecords,
  type Bytes,
  type ConsumerRecord,
  type PartitionRecords,
  type PositionReset,
  type ProducerRecord,
  type RecordMetadata,
} from './records.js';
export { bytes, json, nullable, string, type Serde, type SerdeContext } from './serde.js';
export type { InferOutput, StandardSchemaV1 } from './standard-schema.js';
export {
  NOT_CALLED,
  type RecordSlots,
  type RecordSource,
  type RecordStart,
  type TaskExecutor,
} from './task-executor.js';
export type { TopicPartition, TopicPartitionOffset, TopicPartitionOffsets } from './topic-partition.js';
