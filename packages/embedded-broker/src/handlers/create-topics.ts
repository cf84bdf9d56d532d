import {
  createTopicsApi,
  errorCodes,
  ZERO_UUID,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
} from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster, TopicSpec } from '../cluster/cluster.js';
import type { Topic } from '../cluster/topic.js';
import type { ConfigTexts } from '../config/broker-config.js';
import { eachOnce } from './each-once.js';
import type { Handler } from './handler.js';
import { orRefusal, type Verdict } from './verdict.js';

type NewTopic = CreateTopicsRequest['topics'][number];
type TopicAnswer = CreateTopicsResponse['topics'][number];

/** The broker's own number. */
const DEFAULT = -1;
/** What Kafka makes for one request at most (`ReplicationControlManager`), in partitions. */
const MAX_NEW_PARTITIONS = 10_000;

/** Served by any broker: in KRaft they hand it to the controller, so that nobody is told NOT_CONTROLLER. */
export const createTopicsHandler = (cluster: Cluster): Handler<CreateTopicsRequest, CreateTopicsResponse> => ({
  api: createTopicsApi,
  handle({ topics, validateOnly }) {
    const count = topics.reduce((sum, topic) => sum + partitionsOf(topic, cluster), 0);
    if (count > MAX_NEW_PARTITIONS) return answer(topics.map(({ name }) => refused(name, TOO_MANY)));
    return answer(
      eachOnce(topics, ({ name }) => name).map(({ one, isRepeated }) =>
        isRepeated ? refused(one.name, REPEATED) : create(cluster, one, validateOnly),
      ),
    );
  },
  refuse: ({ topics }, errorCode) => answer(topics.map(({ name }) => refused(name, { errorCode, errorMessage: null }))),
});

const TOO_MANY: Verdict = {
  errorCode: errorCodes.POLICY_VIOLATION,
  errorMessage: 'Excessively large number of partitions per request.',
};
const REPEATED: Verdict = { errorCode: errorCodes.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' };

/** Nothing for a number that is refused below: it must not make room for others. */
const partitionsOf = ({ numPartitions, assignments }: NewTopic, { config }: Cluster): number => {
  if (assignments.length > 0) return assignments.length;
  return numPartitions === DEFAULT ? config.partitions : Math.max(numPartitions, 0);
};

function create(cluster: Cluster, topic: NewTopic, validateOnly: boolean): TopicAnswer {
  return orRefusal(
    () => made(cluster.createTopic(topic.name, specOf(topic), { validateOnly })),
    (verdict) => refused(topic.name, verdict),
  );
}

/** @throws BrokerError `INVALID_CONFIG`, `INVALID_REQUEST`, `INVALID_REPLICA_ASSIGNMENT` */
function specOf(topic: NewTopic): TopicSpec {
  const { numPartitions, replicationFactor, assignments } = topic;
  const configs = configsOf(topic);
  if (assignments.length > 0) return { configs, assignments: assignmentsOf(topic) };
  return {
    configs,
    ...(numPartitions !== DEFAULT && { partitions: numPartitions }),
    ...(replicationFactor !== DEFAULT && { replicationFactor }),
  };
}

function configsOf({ configs }: NewTopic): ConfigTexts {
  const names = configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (names.length > 0) {
    throw new BrokerError('INVALID_CONFIG', `Null value not supported for topic configs: ${names.join(',')}`);
  }
  return Object.fromEntries(configs.map(({ name, value }) => [name, value ?? '']));
}

/** By partition, which must be told each once, from 0 on. */
function assignmentsOf({ numPartitions, replicationFactor, assignments }: NewTopic): readonly (readonly number[])[] {
  for (const [what, told] of Object.entries({ numPartitions, 'replication factor': replicationFactor })) {
    if (told !== DEFAULT) {
      const message = `A manual partition assignment was specified, but ${what} was not set to -1.`;
      throw new BrokerError('INVALID_REQUEST', message);
    }
  }
  const repeated = eachOnce(assignments, ({ partitionIndex }) => String(partitionIndex)).find((one) => one.isRepeated);
  if (repeated !== undefined) {
    const message = `Found multiple manual partition assignments for partition ${repeated.one.partitionIndex}`;
    throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', message);
  }
  const inOrder = [...assignments].sort((one, other) => one.partitionIndex - other.partitionIndex);
  if (inOrder.some(({ partitionIndex }, i) => partitionIndex !== i)) {
    const message = 'partitions should be a consecutive 0-based integer sequence';
    throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', message);
  }
  return inOrder.map(({ brokerIds }) => brokerIds);
}

const made = ({ name, id, partitions, config }: Topic): TopicAnswer => ({
  name,
  topicId: id,
  errorCode: errorCodes.NONE,
  errorMessage: null,
  numPartitions: partitions.length,
  replicationFactor: partitions[0]?.replicas.length ?? 0,
  configs: config.describe().map(({ name, value, readOnly, source }) => ({
    name,
    value,
    readOnly,
    configSource: source,
    isSensitive: false,
  })),
});

const refused = (name: string, verdict: Verdict): TopicAnswer => ({
  name,
  topicId: ZERO_UUID,
  ...verdict,
  numPartitions: -1,
  replicationFactor: -1,
  configs: [],
});

const answer = (topics: readonly TopicAnswer[]): CreateTopicsResponse => ({ throttleTimeMs: 0, topics });
