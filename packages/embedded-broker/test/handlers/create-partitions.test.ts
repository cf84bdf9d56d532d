import assert from 'node:assert/strict';
import { errorCodes, type CreatePartitionsRequest } from '@hearken/protocol';
import type { Cluster } from '../../dist/cluster/cluster.js';
import { createPartitionsHandler } from '../../dist/handlers/create-partitions.js';
import { aCluster, ask, refusal, verdicts } from './a-cluster.js';

type MorePartitions = CreatePartitionsRequest['topics'][number];

const more = (name: string, count: number, assignments: number[][] | null = null): MorePartitions => ({
  name,
  count,
  assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
});
const request = (topics: MorePartitions[], validateOnly = false): CreatePartitionsRequest => ({
  topics,
  timeoutMs: 1000,
  validateOnly,
});
const add = async (cluster: Cluster, topics: MorePartitions[], validateOnly = false) =>
  (await ask(createPartitionsHandler(cluster), request(topics, validateOnly))).results;

/** Topics t and u of two partitions. */
function withTopics(brokers = 1): Cluster {
  const cluster = aCluster({ brokers, config: { 'default.replication.factor': String(brokers) } });
  for (const name of ['t', 'u']) cluster.createTopic(name, { partitions: 2 });
  return cluster;
}
const countOf = (cluster: Cluster): number => cluster.topic('t')!.partitions.length;

describe('CreatePartitions', () => {
  it('adds partitions with as many replicas as the others', async () => {
    const cluster = withTopics(3);
    const before = [...cluster.topic('t')!.partitions];
    assert.deepEqual(verdicts(await add(cluster, [more('t', 4)])), [['t', 'NONE', null]]);
    const { partitions } = cluster.topic('t')!;
    assert.deepEqual(partitions.slice(0, 2), before);
    assert.deepEqual(partitions.map(({ index, replicas }) => [index, replicas.length]).slice(2), [
      [2, 3],
      [3, 3],
    ]);
  });

  it('puts them where it is told', async () => {
    const cluster = withTopics(3);
    await add(cluster, [
      more('t', 4, [
        [3, 1, 2],
        [2, 3, 1],
      ]),
    ]);
    assert.deepEqual(
      cluster
        .topic('t')!
        .partitions.slice(2)
        .map(({ leaderId }) => leaderId),
      [3, 2],
    );
  });

  // Each in the words of Apache Kafka 4.1.0 with one broker.
  const REFUSED: [why: string, asked: MorePartitions, errorName: string, message: string | null][] = [
    ['an unknown topic', more('no', 3), 'UNKNOWN_TOPIC_OR_PARTITION', null],
    ['as many as there are', more('t', 2), 'INVALID_PARTITIONS', 'Topic already has 2 partition(s).'],
    [
      'fewer',
      more('t', 1),
      'INVALID_PARTITIONS',
      'The topic t currently has 2 partition(s); 1 would not be an increase.',
    ],
    [
      '-1',
      more('t', -1),
      'INVALID_PARTITIONS',
      'The topic t currently has 2 partition(s); -1 would not be an increase.',
    ],
    ['more than 10 000 new ones', more('t', 10_003), 'UNKNOWN_SERVER_ERROR', null],
    [
      'too few assignments',
      more('t', 4, [[1]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
    ],
    [
      'an unknown broker',
      more('t', 3, [[9]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 9, but no such broker is registered.',
    ],
    [
      'a broker twice',
      more('t', 3, [[1, 1]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes the broker 1 more than once.',
    ],
    [
      'no replicas',
      more('t', 3, [[]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    ],
  ];
  for (const [why, asked, error, message] of REFUSED) {
    it(`refuses ${why}`, async () => {
      const cluster = withTopics();
      for (const validateOnly of [true, false]) {
        assert.deepEqual(verdicts(await add(cluster, [asked], validateOnly)), [[asked.name, error, message]]);
        assert.equal(countOf(cluster), 2);
      }
    });
  }

  it('adds none when it is only to validate, nor to a topic that is named twice', async () => {
    const cluster = withTopics();
    assert.deepEqual(verdicts(await add(cluster, [more('t', 5)], true)), [['t', 'NONE', null]]);
    assert.deepEqual(verdicts(await add(cluster, [more('t', 9), more('t', 9), more('u', 3)])), [
      ['t', 'INVALID_REQUEST', 'Duplicate topic name.'],
      ['u', 'NONE', null],
    ]);
    assert.equal(countOf(cluster), 2);
  });

  it('can be refused as a whole', () => {
    const handler = createPartitionsHandler(withTopics());
    const { results } = refusal(handler, request([more('t', 3), more('u', 3)]), errorCodes.REASSIGNMENT_IN_PROGRESS);
    assert.deepEqual(
      verdicts(results).map(([, error]) => error),
      Array(2).fill('REASSIGNMENT_IN_PROGRESS'),
    );
  });
});
