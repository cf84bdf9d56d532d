import assert from 'node:assert/strict';
import { Recorder } from '@hearken/testing';
import { runKafkaTool, startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  string,
} from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';

const USER = { username: 'ann', password: 'her-secret' };
const LATER = { username: 'carl', password: 'his-secret' };

describeWithKafka('a listener container that is not let in', function () {
  this.timeout(300_000);
  let kafka: KafkaCluster;
  let admin: KafkaAdmin;
  let template: KafkaTemplate;
  before(async () => {
    kafka = await startKafka({
      listeners: ['PLAINTEXT', 'SASL_PLAINTEXT'],
      users: { [USER.username]: USER.password },
      config: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS', // whoever comes without a login: the test itself
      },
      quickStart: true,
    });
    admin = new KafkaAdmin({ brokers: kafka.brokers });
    template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers: kafka.brokers }));
  });
  after(async () => {
    await Promise.all([template.close(), admin.close()]);
    await kafka.stop();
  });

  const tool = (mainClass: string, ...args: readonly string[]): Promise<string> =>
    runKafkaTool(mainClass, ['--bootstrap-server', kafka.brokers.join(), ...args]);

  const allow = (user: string, ...what: readonly string[]): Promise<string> =>
    tool('org.apache.kafka.tools.AclCommand', '--add', '--allow-principal', `User:${user}`, ...what);

  const forbid = (user: string, ...what: readonly string[]): Promise<string> =>
    tool('org.apache.kafka.tools.AclCommand', '--remove', '--force', '--allow-principal', `User:${user}`, ...what);

  async function listening(user: typeof USER, authRetryIntervalMs?: number) {
    const [topic, groupId, heard] = [uniqueName('topic'), uniqueName('group'), new Recorder<string>()];
    await admin.createTopics([{ topic }]);
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(
        {
          brokers: kafka.brokersOf('SASL_PLAINTEXT'),
          sasl: { mechanism: 'scram-sha-256', ...user },
          logger: silentLogger,
        },
        { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 200 },
      ),
      {
        topics: [topic],
        valueSerde: string(),
        listener: ({ value }) => heard.record(value),
        ...(authRetryIntervalMs === undefined ? {} : { authRetryIntervalMs }),
      },
      { logger: silentLogger },
    );
    const [refusals, granted] = [new Recorder<string | undefined>(), new Recorder<number>()];
    container.on('auth:retried', ({ error }) => refusals.record(codeOf(error)));
    container.on('auth:recovered', ({ failures }) => granted.record(failures));
    return { topic, groupId, heard, container, refusals, granted };
  }

  it('is over at once by default', async () => {
    const { container } = await listening({ ...USER, password: 'wrong' });
    await assert.rejects(container.start(), { code: 'AUTHENTICATION_FAILED' });
    assert.equal(container.state, 'failed');
  });

  it('tries again until its user is known, and its permissions are granted, taken away, and granted', async () => {
    const { container, topic, groupId, heard, refusals, granted } = await listening(LATER, 200);
    const starting = container.start();
    assert.equal(await refusals.next(), 'AUTHENTICATION_FAILED');
    const password = `SCRAM-SHA-256=[password=${LATER.password}]`;
    const user = ['--entity-type', 'users', '--entity-name', LATER.username];
    await tool('kafka.admin.ConfigCommand', '--alter', '--add-config', password, ...user);
    assert.ok(await refusals.first((code) => code === 'TOPIC_AUTHORIZATION_FAILED'));
    await allow(LATER.username, '--operation', 'Read', '--topic', topic);
    assert.ok(await refusals.first((code) => code === 'GROUP_AUTHORIZATION_FAILED'));
    assert.deepEqual([container.state === 'running', granted.count, heard.count], [false, 0, 0]);
    await allow(LATER.username, '--operation', 'Read', '--group', groupId);
    await starting;
    assert.equal(granted.count, 1);
    await template.send(topic, 'one');
    await heard.received(1);

    const taken = refusals.next();
    await forbid(LATER.username, '--operation', 'Read', '--topic', topic);
    await template.send(topic, 'two');
    assert.equal(await taken, 'TOPIC_AUTHORIZATION_FAILED');
    const again = granted.next();
    await allow(LATER.username, '--operation', 'Read', '--topic', topic);
    await again;
    await heard.received(2);
    assert.deepEqual(heard.items, ['one', 'two']);
    assert.equal((await container.stop()).drained, true);
    await container.finished;
  });
});
