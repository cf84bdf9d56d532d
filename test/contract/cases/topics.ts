import assert from 'node:assert/strict';
import {
  createPartitionsApi,
  createTopicsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  ZERO_UUID,
  type CreatePartitionsRequest,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
} from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { aBatch, deleteRecords, EARLIEST, LATEST, listOffset, only, produce } from '../partition-requests.js';

const TIMEOUT_MS = 30_000;
type NewTopic = CreateTopicsRequest['topics'][number];
type MadeTopic = CreateTopicsResponse['topics'][number];

export function topicCases(broker: ContractBroker): void {
  const newTopic = (options: Partial<NewTopic> = {}): NewTopic => ({
    ...{ name: uniqueName('made'), numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
    ...options,
  });

  async function create(
    topics: readonly NewTopic[],
    { validateOnly = false, version = 0 } = {},
  ): Promise<readonly MadeTopic[]> {
    const request = { topics, timeoutMs: TIMEOUT_MS, validateOnly };
    return (await broker.ask(createTopicsApi, request, version || undefined)).topics;
  }

  it('are made as asked, and told in the answer', async () => {
    const topic = newTopic({ numPartitions: 3, configs: [{ name: 'retention.ms', value: '1000' }] });
    const { name, topicId, errorCode, errorMessage, numPartitions, replicationFactor, configs } = only(
      await create([topic]),
    );
    assert.deepEqual(
      { name, errorCode, errorMessage, numPartitions, replicationFactor },
      { name: topic.name, errorCode: 0, errorMessage: null, numPartitions: 3, replicationFactor: 1 },
    );
    assert.notEqual(topicId, ZERO_UUID);
    const { value, configSource } = configs!.find((config) => config.name === 'retention.ms')!;
    assert.deepEqual({ value, configSource }, { value: '1000', configSource: 1 });
  });

  it('are made in every version', async () => {
    for (const version of broker.versionsOf(createTopicsApi)) {
      const topic = newTopic();
      assert.equal(nameOf(only(await create([topic], { version }))), 'NONE');
      await gone(topic.name);
    }
  });

  it('have as many partitions and replicas as the broker likes where nothing is said', async () => {
    const topic = newTopic({ numPartitions: -1, replicationFactor: -1 });
    const { numPartitions, replicationFactor } = only(await create([topic]));
    assert.ok(numPartitions >= 1 && replicationFactor >= 1);
  });

  it('may have their replicas told', async () => {
    const topic = await broker.topic();
    const [description] = await broker.admin.describeTopics([topic]);
    const node = description!.partitions[0]!.leader!;
    const assignments = [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds: [node] }));
    const made = only(await create([newTopic({ numPartitions: -1, replicationFactor: -1, assignments })]));
    assert.deepEqual([nameOf(made), made.numPartitions], ['NONE', 2]);
  });

  const refused: Readonly<Record<string, Partial<NewTopic>>> = {
    INVALID_PARTITIONS: { numPartitions: 0 },
    INVALID_REPLICATION_FACTOR: { replicationFactor: 30 },
    INVALID_TOPIC_EXCEPTION: { name: 'not valid' },
    INVALID_CONFIG: { configs: [{ name: 'no.such.config', value: '1' }] },
    INVALID_REPLICA_ASSIGNMENT: {
      ...{ numPartitions: -1, replicationFactor: -1 },
      assignments: [{ partitionIndex: 0, brokerIds: [987] }],
    },
    INVALID_REQUEST: { numPartitions: 2, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
  };
  for (const [error, options] of Object.entries(refused)) {
    it(`are refused with ${error}, and the others are made`, async () => {
      const [bad, good] = [newTopic(options), newTopic()];
      const answers = new Map((await create([bad, good])).map((answer) => [answer.name, answer]));
      assert.equal(nameOf(answers.get(bad.name)!), error);
      assert.ok(answers.get(bad.name)!.errorMessage);
      assert.equal(nameOf(answers.get(good.name)!), 'NONE');
    });
  }

  it('of no replicas are refused', async () => {
    assert.equal(nameOf(only(await create([newTopic({ replicationFactor: 0 })]))), 'INVALID_REPLICATION_FACTOR');
  });

  it('are refused values that their configuration does not take', async () => {
    for (const [name, value] of [
      ['retention.ms', 'soon'],
      ['cleanup.policy', 'burn'],
      ['max.message.bytes', '-5'],
    ] as const) {
      const answer = only(await create([newTopic({ configs: [{ name, value }] })]));
      assert.equal(nameOf(answer), 'INVALID_CONFIG', name);
    }
  });

  it('are made once', async () => {
    const topic = newTopic();
    await create([topic]);
    assert.equal(nameOf(only(await create([topic]))), 'TOPIC_ALREADY_EXISTS');
    const twice = newTopic();
    assert.ok((await create([twice, twice])).every((answer) => nameOf(answer) === 'INVALID_REQUEST'));
  });

  it('are only looked at where nothing more is asked', async () => {
    const topic = newTopic({ numPartitions: 2 });
    const answer = only(await create([topic], { validateOnly: true }));
    assert.deepEqual([nameOf(answer), answer.numPartitions], ['NONE', 2]);
    assert.equal(nameOf(only(await create([topic]))), 'NONE');
    assert.equal(nameOf(only(await create([topic], { validateOnly: true }))), 'TOPIC_ALREADY_EXISTS');
  });

  it('are deleted, by name or id, with their records', async () => {
    const [byName, byId] = [await broker.topic(), await broker.topic()];
    await produce(broker, byName, aBatch(['old']));
    const [description] = await broker.admin.describeTopics([byId]);
    const topics = [
      { name: byName, topicId: ZERO_UUID },
      { name: null, topicId: description!.topicId! },
    ];
    const { responses } = await broker.ask(deleteTopicsApi, { topics, topicNames: [], timeoutMs: TIMEOUT_MS });
    assert.deepEqual(Object.fromEntries(responses.map((answer) => [answer.name, nameOf(answer)])), {
      [byName]: 'NONE',
      [byId]: 'NONE',
    });
    await broker.admin.createTopics([{ topic: byName }]);
    await until('it is empty', async () => (await listOffset(broker, byName, LATEST)).offset === 0);
  });

  it('that do not exist are told when they shall be deleted, in every version', async () => {
    const none = uniqueName('none');
    for (const version of broker.versionsOf(deleteTopicsApi)) {
      const topic = newTopic();
      await create([topic]);
      const names = [none, topic.name];
      const topics = names.map((name) => ({ name, topicId: ZERO_UUID }));
      const { responses } = await broker.ask(
        deleteTopicsApi,
        { topics, topicNames: names, timeoutMs: TIMEOUT_MS },
        version,
      );
      const errors = new Map(responses.map((answer) => [answer.name, nameOf(answer)]));
      assert.deepEqual([errors.get(none), errors.get(topic.name)], ['UNKNOWN_TOPIC_OR_PARTITION', 'NONE']);
    }
    const unknown = [{ name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }];
    const { responses } = await broker.ask(
      deleteTopicsApi,
      { topics: unknown, topicNames: [], timeoutMs: TIMEOUT_MS },
      6,
    );
    assert.equal(nameOf(only(responses)), 'UNKNOWN_TOPIC_ID');
  });

  async function grow(name: string, count: number, options: Partial<CreatePartitionsRequest> = {}): Promise<string> {
    const topics = [{ name, count, assignments: null }];
    const request = { topics, timeoutMs: TIMEOUT_MS, validateOnly: false, ...options };
    return nameOf(only((await broker.ask(createPartitionsApi, request)).results));
  }

  it('grow, and never shrink', async () => {
    const topic = await broker.topic(2);
    assert.equal(await grow(topic, 4), 'NONE');
    for (const count of [4, 1, 0, -1]) assert.equal(await grow(topic, count), 'INVALID_PARTITIONS', `${count}`);
    await until('it has four', async () => {
      const [description] = await broker.admin.describeTopics([topic]);
      return description!.partitions.length === 4;
    });
  });

  it('that grow keep what they have, and number new partitions from 0', async () => {
    const topic = await broker.topic();
    await produce(broker, topic, aBatch(['kept']));
    await grow(topic, 2);
    await until(
      'the new one leads',
      async () => (await listOffset(broker, topic, LATEST, { partition: 1 })).offset === 0,
    );
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 1);
    assert.equal((await produce(broker, topic, aBatch(['new']), { partition: 1 })).baseOffset, 0);
  });

  it('do not grow where they are only looked at, or do not exist', async () => {
    const topic = await broker.topic();
    assert.equal(await grow(topic, 3, { validateOnly: true }), 'NONE');
    const [description] = await broker.admin.describeTopics([topic]);
    assert.equal(description!.partitions.length, 1);
    assert.equal(await grow(uniqueName('none'), 3), 'UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('forget records below an offset, in every version', async () => {
    const topic = await broker.topic();
    for (let i = 0; i < 5; i++) await produce(broker, topic, aBatch(['x']));
    for (const [i, version] of broker.versionsOf(deleteRecordsApi).entries()) {
      const topics = [{ name: topic, partitions: [{ partitionIndex: 0, offset: i + 1 }] }];
      const answer = await broker.ask(deleteRecordsApi, { topics, timeoutMs: TIMEOUT_MS }, version);
      const { errorCode, lowWatermark } = only(only(answer.topics).partitions);
      assert.deepEqual({ errorCode, lowWatermark }, { errorCode: 0, lowWatermark: i + 1 });
    }
    assert.equal((await listOffset(broker, topic, EARLIEST)).offset, broker.versionsOf(deleteRecordsApi).length);
  });

  it('forget all records where -1 is asked, and no more than there are', async () => {
    const topic = await broker.topic();
    await produce(broker, topic, aBatch(['a', 'b', 'c']));
    assert.deepEqual(await deleteRecords(broker, topic, 1), { partitionIndex: 0, lowWatermark: 1, errorCode: 0 }); // in mid-batch
    assert.equal((await deleteRecords(broker, topic, 0)).lowWatermark, 1);
    const beyond = await deleteRecords(broker, topic, 4);
    assert.deepEqual([nameOf(beyond), beyond.lowWatermark], ['OFFSET_OUT_OF_RANGE', -1]);
    assert.equal((await deleteRecords(broker, topic, -1)).lowWatermark, 3);
    assert.equal((await listOffset(broker, topic, EARLIEST)).offset, 3);
    assert.equal((await produce(broker, topic, aBatch(['d']))).baseOffset, 3);
  });

  it('that do not exist forget nothing', async () => {
    assert.equal(nameOf(await deleteRecords(broker, uniqueName('none'), 0)), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal(nameOf(await deleteRecords(broker, await broker.topic(), 0, 9)), 'UNKNOWN_TOPIC_OR_PARTITION');
  });

  const gone = (topic: string): Promise<void> => broker.admin.deleteTopics([topic]);
}
