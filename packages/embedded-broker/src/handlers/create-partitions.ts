import { createPartitionsApi, type CreatePartitionsRequest, type CreatePartitionsResponse } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import { eachOnce, type Asked } from './each-once.js';
import type { Handler } from './handler.js';
import { verdictOf } from './verdict.js';

type MorePartitions = CreatePartitionsRequest['topics'][number];

/** What Kafka adds at once at most: more fail in it with this error, untold. */
const MAX_NEW_PARTITIONS = 10_000;

export const createPartitionsHandler = (
  cluster: Cluster,
): Handler<CreatePartitionsRequest, CreatePartitionsResponse> => ({
  api: createPartitionsApi,
  handle: ({ topics, validateOnly }) => ({
    throttleTimeMs: 0,
    results: eachOnce(topics, ({ name }) => name).map((asked) => ({
      name: asked.one.name,
      ...verdictOf(() => add(cluster, asked, validateOnly)),
    })),
  }),
  refuse: ({ topics }, errorCode) => ({
    throttleTimeMs: 0,
    results: topics.map(({ name }) => ({ name, errorCode, errorMessage: null })),
  }),
});

function add(cluster: Cluster, { one, isRepeated }: Asked<MorePartitions>, validateOnly: boolean): void {
  const { name, count, assignments } = one;
  if (isRepeated) throw new BrokerError('INVALID_REQUEST', 'Duplicate topic name.');
  const existing = cluster.topic(name)?.partitions.length;
  if (existing === undefined) throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION');
  if (count - existing > MAX_NEW_PARTITIONS) throw new BrokerError('UNKNOWN_SERVER_ERROR');
  cluster.createPartitions(name, count, {
    validateOnly,
    ...(assignments !== null && { assignments: assignments.map(({ brokerIds }) => brokerIds) }),
  });
}
