import assert from 'node:assert/strict';
import { errorCodes, errorName, ZERO_UUID, type CreateTopicsRequest } from '@hearken/protocol';
import type { Cluster } from '../../dist/cluster/cluster.js';
import { createTopicsHandler } from '../../dist/handlers/create-topics.js';
import { aCluster, ask, refusal, verdicts, type AskOptions } from './a-cluster.js';

type NewTopic = CreateTopicsRequest['topics'][number];

const topic = (name: string, told: Partial<NewTopic> = {}): NewTopic => ({
  name,
  numPartitions: -1,
  replicationFactor: -1,
  assignments: [],
  configs: [],
  ...told,
});
const assigned = (...partitions: [index: number, ...brokers: number[]][]): NewTopic['assignments'] =>
  partitions.map(([partitionIndex, ...brokerIds]) => ({ partitionIndex, brokerIds }));
const request = (topics: NewTopic[], validateOnly = false): CreateTopicsRequest => ({
  topics,
  timeoutMs: 1000,
  validateOnly,
});

async function create(cluster: Cluster, topics: NewTopic[], options: AskOptions & { validateOnly?: boolean } = {}) {
  return (await ask(createTopicsHandler(cluster), request(topics, options.validateOnly), options)).topics;
}

describe('CreateTopics', () => {
  it("makes topics with the broker's defaults, and tells what it made", async () => {
    const cluster = aCluster({ brokers: 3, config: { 'num.partitions': '4', 'default.replication.factor': '2' } });
    const [made] = await create(cluster, [topic('t', { configs: [{ name: 'retention.bytes', value: '5' }] })]);

    const { id, partitions } = cluster.topic('t')!;
    assert.deepEqual(
      [made!.errorCode, made!.topicId, made!.numPartitions, made!.replicationFactor],
      [errorCodes.NONE, id, 4, 2],
    );
    assert.equal(partitions.length, 4);
    assert.equal(made!.configs!.length, 33);
    const retention = made!.configs!.find(({ name }) => name === 'retention.bytes');
    assert.deepEqual(retention, {
      name: 'retention.bytes',
      value: '5',
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    });
    assert.equal(cluster.topic('t')!.config.retentionBytes, 5);
  });

  it('takes numbers and manual assignments, in any order of partitions', async () => {
    const cluster = aCluster({ brokers: 3 });
    await create(cluster, [
      topic('numbers', { numPartitions: 2, replicationFactor: 3 }),
      topic('manual', { assignments: assigned([1, 3, 1], [0, 2, 3]) }),
    ]);
    const replicas = (name: string) => cluster.topic(name)!.partitions.map((partition) => partition.replicas);
    assert.deepEqual(
      replicas('numbers').map(({ length }) => length),
      [3, 3],
    );
    assert.deepEqual(replicas('manual'), [
      [2, 3],
      [3, 1],
    ]);
  });

  it('makes nothing when it is only to validate, and finds what is wrong', async () => {
    const cluster = aCluster();
    const validateOnly = true;
    assert.deepEqual(verdicts(await create(cluster, [topic('t', { numPartitions: 3 })], { validateOnly })), [
      ['t', 'NONE', null],
    ]);
    assert.equal(cluster.topic('t'), undefined);
    await create(cluster, [topic('t')]);
    assert.deepEqual(verdicts(await create(cluster, [topic('t')], { validateOnly })), [
      ['t', 'TOPIC_ALREADY_EXISTS', "Topic 't' already exists."],
    ]);
  });

  // Each in the words of Apache Kafka 4.1.0 with one broker.
  const REFUSED: [why: string, asked: NewTopic, errorName: string, message: string][] = [
    ['an empty name', topic(''), 'INVALID_TOPIC_EXCEPTION', 'Topic name is invalid: the empty string is not allowed'],
    ['two dots', topic('..'), 'INVALID_TOPIC_EXCEPTION', "Topic name is invalid: '..' is not allowed"],
    [
      'a space',
      topic('a b'),
      'INVALID_TOPIC_EXCEPTION',
      "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [
      'a name that differs in a dot',
      topic('x_y'),
      'INVALID_TOPIC_EXCEPTION',
      "Topic 'x_y' collides with existing topic: x.y",
    ],
    ['a name that is taken', topic('x.y'), 'TOPIC_ALREADY_EXISTS', "Topic 'x.y' already exists."],
    [
      'no partitions',
      topic('t', { numPartitions: 0 }),
      'INVALID_PARTITIONS',
      'Number of partitions was set to an invalid non-positive value.',
    ],
    [
      'no replicas, before no partitions',
      topic('t', { numPartitions: 0, replicationFactor: 0 }),
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    ],
    [
      'more replicas than brokers',
      topic('t', { replicationFactor: 9 }),
      'INVALID_REPLICATION_FACTOR',
      'Unable to replicate the partition 9 time(s): The target replication factor of 9 cannot be reached because only 1 broker(s) are registered.',
    ],
    [
      'an unknown config, before no partitions',
      topic('t', { numPartitions: 0, configs: [{ name: 'foo', value: '1' }] }),
      'INVALID_CONFIG',
      'Unknown topic config name: foo',
    ],
    [
      'a config without a value',
      topic('t', { configs: [{ name: 'retention.ms', value: null }] }),
      'INVALID_CONFIG',
      'Null value not supported for topic configs: retention.ms',
    ],
    [
      'an assignment beside a number of partitions',
      topic('t', { numPartitions: 1, assignments: assigned([0, 1]) }),
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    ],
    [
      'an assignment beside a number of replicas',
      topic('t', { replicationFactor: 1, assignments: assigned([0, 1]) }),
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    ],
    [
      'an assignment with a gap',
      topic('t', { assignments: assigned([1, 1]) }),
      'INVALID_REPLICA_ASSIGNMENT',
      'partitions should be a consecutive 0-based integer sequence',
    ],
    [
      'a partition assigned twice',
      topic('t', { assignments: assigned([0, 1], [0, 1]) }),
      'INVALID_REPLICA_ASSIGNMENT',
      'Found multiple manual partition assignments for partition 0',
    ],
    [
      'an unknown broker',
      topic('t', { assignments: assigned([0, 1], [1, 9]) }),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 9, but no such broker is registered.',
    ],
    [
      'a broker twice',
      topic('t', { assignments: assigned([0, 1, 1]) }),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes the broker 1 more than once.',
    ],
    [
      'a partition without replicas',
      topic('t', { assignments: assigned([0]) }),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    ],
  ];
  for (const [why, asked, error, message] of REFUSED) {
    it(`refuses ${why}, and makes the others`, async () => {
      const cluster = aCluster();
      await create(cluster, [topic('x.y')]);
      const answers = await create(cluster, [asked, topic('other')]);
      assert.deepEqual(verdicts(answers), [
        [asked.name, error, message],
        ['other', 'NONE', null],
      ]);
      const [{ topicId, numPartitions, replicationFactor, configs }] = answers as [(typeof answers)[number]];
      assert.deepEqual([topicId, numPartitions, replicationFactor, configs], [ZERO_UUID, -1, -1, []]);
      assert.deepEqual(
        [...cluster.topics()].map(({ name }) => name),
        ['x.y', 'other'],
      );
    });
  }

  it('refuses replicas that differ in number', async () => {
    const answers = await create(aCluster({ brokers: 2 }), [topic('t', { assignments: assigned([0, 1], [1, 1, 2]) })]);
    assert.equal(errorName(answers[0]!.errorCode), 'INVALID_REPLICA_ASSIGNMENT');
  });

  it('answers once for what is named twice, and does not make it', async () => {
    const cluster = aCluster();
    assert.deepEqual(verdicts(await create(cluster, [topic('d'), topic('d'), topic('e')])), [
      ['d', 'INVALID_REQUEST', 'Duplicate topic name.'],
      ['e', 'NONE', null],
    ]);
    assert.equal(cluster.topic('d'), undefined);
  });

  it('refuses more than 10 000 partitions in all', async () => {
    const cluster = aCluster();
    const asked = ['a', 'b'].map((name) => topic(name, { numPartitions: 5001 }));
    const tooMany = 'Excessively large number of partitions per request.';
    assert.deepEqual(verdicts(await create(cluster, asked)), [
      ['a', 'POLICY_VIOLATION', tooMany],
      ['b', 'POLICY_VIOLATION', tooMany],
    ]);
    assert.deepEqual([...cluster.topics()], []);

    const [, masked] = await create(cluster, [
      topic('c', { numPartitions: -10_000 }),
      topic('d', { numPartitions: 10_001 }),
    ]);
    assert.equal(errorName(masked!.errorCode), 'POLICY_VIOLATION');
  });

  it('is answered in every version, also by a broker that is not the controller', async () => {
    for (let version = 2; version <= 7; version++) {
      const cluster = aCluster({ brokers: 2 });
      const answers = await create(cluster, [topic('t'), topic('a b')], { version, nodeId: 2 });
      assert.deepEqual(
        answers.map(({ errorCode }) => errorName(errorCode)),
        ['NONE', 'INVALID_TOPIC_EXCEPTION'],
      );
    }
  });

  it('can be refused as a whole', () => {
    const handler = createTopicsHandler(aCluster());
    const { topics } = refusal(handler, request([topic('t'), topic('u')]), errorCodes.NOT_CONTROLLER);
    assert.deepEqual(verdicts(topics), [
      ['t', 'NOT_CONTROLLER', null],
      ['u', 'NOT_CONTROLLER', null],
    ]);
  });
});
