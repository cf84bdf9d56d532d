export { systemClock, type Clock, type Timer } from './clock.js';
export type {
  Consumer,
  ConsumerFactory,
  ConsumerGroupMetadata,
  ConsumerOverrides,
  ConsumerRebalanceListener,
  PartitionLag,
} from './consumer.js';
export { deferred, type Deferred } from './deferred.js';
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
export { defaultLogger, describeError, silentLogger, type Logger } from './logger.js';
export {
  boolean,
  callable,
  custom,
  describe,
  durationMs,
  hasMethods,
  integer,
  oneOf,
  OptionsCheck,
  required,
  text,
  type OptionRule,
  type OptionRules,
} from './options.js';
export type {
  CloseOptions,
  PartitionInfo,
  Producer,
  ProducerFactory,
  ProducerMetrics,
  SendCallback,
} from './producer.js';
export {
  ConsumerRecords,
  type Bytes,
  type ConsumerRecord,
  type PartitionRecords,
  type ProducerRecord,
  type RecordMetadata,
} from './records.js';
export { bytes, json, nullable, serializeDefault, string, type Serde, type SerdeContext } from './serde.js';
export type { InferOutput, StandardSchemaV1 } from './standard-schema.js';
export { StateMachine } from './state-machine.js';
export type { TaskExecutor } from './task-executor.js';
export {
  describePartition,
  describePartitions,
  topicPartitionKey,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from './topic-partition.js';
