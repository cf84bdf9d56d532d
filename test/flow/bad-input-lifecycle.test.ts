import assert from 'node:assert/strict';
import { DefaultKafkaConsumerFactory, KafkaAdmin, MessageListenerContainer, silentLogger } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { call, noUnhandledRejections, refused } from '../support/mistakes.js';

const NOTHING_DONE = { drained: true, abandoned: 0, committed: [] };
const kafka = () => ({ brokers: bootstrapServers(), clientId: 'bad-input' });

describeWithKafka('bad input: calls that come at the wrong time', function () {
  noUnhandledRejections();
  let topic: string;
  before(async () => {
    topic = uniqueName('lifecycle');
    await using admin = new KafkaAdmin(kafka());
    await admin.createTopics([{ topic, partitions: 2 }]);
  });

  const setup = (properties: object = {}, options: object = {}): MessageListenerContainer =>
    new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { groupId: uniqueName('group'), ...options }),
      { topics: [topic], listener: () => 1, ...properties },
      { logger: silentLogger },
    );

  it('start twice is one start', async () => {
    const container = setup();
    assert.equal(container.start(), container.start());
    await container.start();
    assert.equal(container.assignment().length, 2);
    await container.stop();
  });

  it('start after a stop says that a container starts once, whether it ran or not', async () => {
    const [ran, never] = [setup(), setup()];
    await ran.start();
    await ran.stop();
    assert.deepEqual(await never.stop(), NOTHING_DONE);
    await refused(() => ran.start(), 'ILLEGAL_STATE', /stopped and cannot start again: make a new one/);
    await refused(() => never.start(), 'ILLEGAL_STATE', /make a new one/);
    await Promise.all([ran.finished, never.finished]);
  });

  it('stop twice, at once, later, and with nonsense is one stop with one report', async () => {
    const container = setup();
    await container.start();
    const [first, second] = await Promise.all([call(container, 'stop', null), container.stop({ timeoutMs: 1 })]);
    assert.equal(first, second);
    assert.equal(await call(container, 'stop', 5), first);
    await container.finished;
  });

  it('stop while it starts ends the start, and is no failure', async () => {
    const container = setup();
    const starting = refused(() => container.start(), 'CONTAINER_STOPPED', /stopped while it started/);
    await container.stop();
    await starting;
    await container.finished;
    assert.equal(container.state, 'stopped');
  });

  it('seek needs a running container, a partition of its own and an offset', async () => {
    const container = setup();
    const at = { topic, partition: 0 };
    await refused(() => container.seek(at, 0), 'CONTAINER_NOT_RUNNING', /is not running/);
    await container.start();
    await refused(() => container.seek({ topic, partition: 7 }, 0), 'NOT_ASSIGNED', /-7 is not assigned/);
    for (const offset of [-1, 0.5, NaN, '0', undefined, null]) {
      await refused(() => call(container, 'seek', at, offset), 'INVALID_CONFIG', /a whole number from 0, got/);
    }
    for (const partition of [undefined, null, topic, { topic }]) {
      await refused(() => call(container, 'seek', partition, 0), 'INVALID_CONFIG', /must be \{ topic, partition \}/);
    }
    assert.equal(container.state, 'running');
    await container.stop();
  });

  it('pause, resume and on refuse what would never match', async () => {
    const container = setup();
    await container.start();
    for (const partitions of [null, topic, [''], [{ topic }], [{ topic, partition: '0' }]]) {
      assert.throws(() => call(container, 'pause', partitions), { code: 'INVALID_CONFIG' });
      assert.throws(() => call(container, 'resume', partitions), { code: 'INVALID_CONFIG' });
    }
    assert.throws(() => call(container, 'on', 'partition:assigned', () => 1), /did you mean 'partitions:assigned'/);
    assert.throws(() => call(container, 'on', 'record:failed'), /listener: is required/);
    assert.equal(container.health().paused, 0);
    await container.stop();
  });

  it('what cannot be read is told by start', async () => {
    const nowhere = setup({ topics: [uniqueName('no-such')] });
    await refused(() => nowhere.start(), 'UNKNOWN_TOPIC_OR_PARTITION', /KafkaAdmin\.createTopics/);
    const noName = setup({ topics: ['two words'] });
    await refused(() => noName.start(), 'INVALID_TOPIC_EXCEPTION', /1 to 249 ASCII letters/);
    const noPartition = setup({ topics: undefined, topicPartitions: [{ topic, partition: 9 }] });
    await refused(() => noPartition.start(), 'UNKNOWN_TOPIC_OR_PARTITION', /has 2 partitions, numbered from 0/);
    const noOffset = setup({}, { autoOffsetReset: 'none' });
    await refused(() => noOffset.start(), 'NO_OFFSET_FOR_PARTITION', /seek, commit one, or set 'earliest' or 'latest'/);
    const impatient = setup({}, { sessionTimeoutMs: 30, heartbeatIntervalMs: 10 });
    await refused(() => impatient.start(), 'INVALID_SESSION_TIMEOUT', /group\.min\.session\.timeout\.ms/);
    const tooShort = setup({ startTimeoutMs: 1 });
    await refused(() => tooShort.start(), 'START_TIMED_OUT', /1 ms \(startTimeoutMs\): are the brokers reachable/);
    for (const container of [nowhere, noName, noPartition, noOffset, impatient, tooShort]) {
      assert.equal(container.state, 'failed');
      assert.deepEqual(await container.stop(), NOTHING_DONE);
    }
  });

  it('one topic of two that does not exist does not keep the other from being read', async () => {
    const container = setup({ topics: [topic, uniqueName('no-such')] });
    await container.start();
    assert.equal(container.assignment().length, 2);
    await container.stop();
  });

  it('an admin refuses what it cannot ask for, and goes on', async () => {
    await using admin = new KafkaAdmin(kafka());
    const calls: [method: string, ...args: unknown[]][] = [
      ['createTopics'],
      ['createTopics', null],
      ['createTopics', [{ topc: 'x' }]],
      ['createTopics', [{ topic: 'x' }], { validateonly: true }],
      ['createPartitions'],
      ['deleteTopics'],
      ['deleteTopics', topic],
      ['deleteTopics', [5]],
      ['describeTopics'],
      ['describeTopics', [undefined]],
      ['offsets'],
      ['committedOffsets'],
      ['committedOffsets', 'group', topic],
      ['setCommittedOffsets', 'group'],
      ['setCommittedOffsets', undefined, [{ topic, partition: 0, offset: 1 }]],
      ['resetOffsets', 'group', [topic], 'begining'],
      ['resetOffsets', 'group', [topic]],
      ['resetOffsets', 'group', [topic], { timestamp: 'today' }],
      ['resetOffsets', 'group', topic, 'earliest'],
      ['describeGroups', 'group'],
      ['deleteGroups'],
    ];
    for (const [method, ...args] of calls) {
      await refused(() => call(admin, method, ...args), 'INVALID_CONFIG', new RegExp(`^${method} cannot be used:\n`));
    }
    await refused(() => admin.createTopics([{ topic: 'two words' }]), 'INVALID_TOPIC_EXCEPTION', /invalid/);
    await refused(() => admin.describeTopics([uniqueName('no-such')]), 'UNKNOWN_TOPIC_OR_PARTITION', /no-such/);
    await refused(() => admin.deleteGroups([uniqueName('no-such')]), 'GROUP_ID_NOT_FOUND', /there is no such group/);
    assert.equal((await admin.describeTopics([topic]))[0]?.partitions.length, 2);
    await admin.close();
    await admin.close();
    await refused(() => admin.listTopics(), 'CLIENT_CLOSED', /closed/);
  });
});
