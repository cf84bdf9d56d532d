import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { BrokerConfig } from '../config/broker-config.js';
import type { TopicConfig } from '../config/topic-config.js';

/** What Describe- and AlterConfigs are about. */
export interface ConfigResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Kafka's numbers. It has others, for loggers, client metrics and groups, that are not served here. */
export const RESOURCE_TYPES = { topic: 2, broker: 4 } as const;

/**
 * The configuration to be altered.
 * @throws BrokerError `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_REQUEST`
 */
export function alterableConfig(
  cluster: Cluster,
  nodeId: number,
  { resourceType, resourceName }: ConfigResource,
): TopicConfig | BrokerConfig {
  if (resourceType === RESOURCE_TYPES.topic) return topicConfig(cluster, resourceName);
  if (resourceType === RESOURCE_TYPES.broker) return brokerConfig(cluster, nodeId, resourceName);
  throw new BrokerError('INVALID_REQUEST', `Unknown resource type ${resourceType}`);
}

function topicConfig(cluster: Cluster, name: string): TopicConfig {
  if (name === '') throw new BrokerError('INVALID_REQUEST', 'Default topic resources are not allowed.');
  const topic = cluster.topic(name);
  if (topic !== undefined) return topic.config;
  throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`);
}

/** All brokers have one configuration, so that one of several cannot be altered alone. */
function brokerConfig({ brokers, config }: Cluster, nodeId: number, name: string): BrokerConfig {
  if (name === '') return config;
  if (!isInteger(name)) throw new BrokerError('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`);
  if (Number(name) !== nodeId) {
    const message = `Unexpected broker id, expected ${nodeId}, but received ${name}`;
    throw new BrokerError('INVALID_REQUEST', message);
  }
  if (brokers.size === 1) return config;
  const message = 'the embedded broker has one configuration for all brokers: alter it with an empty resource name';
  throw new BrokerError('INVALID_REQUEST', message);
}

export const isInteger = (text: string): boolean => /^[+-]?\d+$/.test(text);
