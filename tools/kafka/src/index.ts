export { KafkaStartError, MissingToolError } from './errors.js';
export type { KafkaCluster } from './kafka-cluster.js';
export type { KafkaNode } from './kafka-node.js';
export { runKafkaTool, startJavaProgram } from './kafka-tool.js';
export type { ListenerProtocol, ServerProperties } from './server-properties.js';
export { startKafka, type KafkaOptions } from './start-kafka.js';
