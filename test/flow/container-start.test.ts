import assert from 'node:assert/strict';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  MessageListenerContainer,
  silentLogger,
  type KafkaOptions,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const container = (
  brokers: readonly string[],
  topic: string,
  kafka: Pick<KafkaOptions, 'bootstrapTimeoutMs'> = {},
): MessageListenerContainer =>
  new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(
      { brokers: [...brokers], clientId: 'flow', ...kafka },
      { groupId: uniqueName('group') },
    ),
    { topics: [topic], listener: () => undefined, startTimeoutMs: 120_000 },
    { logger: silentLogger },
  );

async function failedStart(failing: MessageListenerContainer): Promise<Error> {
  const error: unknown = await failing.start().then(
    () => assert.fail('it started'),
    (reason: unknown) => reason,
  );
  assert.equal(failing.state, 'failed');
  await assert.rejects(failing.finished, (reason) => reason === error);
  assert.ok(error instanceof Error);
  return error;
}

describeWithKafka('a listener container that cannot start', function () {
  this.timeout(300_000);

  it('says that a topic does not exist', async () => {
    const topic = uniqueName('no-such-topic');
    const error = await failedStart(container(bootstrapServers(), topic));
    assert.equal(codeOf(error), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.match(error.message, new RegExp(topic));
  });

  it('says that no broker is there', async () => {
    const error = await failedStart(container(['127.0.0.1:1'], 'orders', { bootstrapTimeoutMs: 500 }));
    assert.equal(codeOf(error), 'CONNECTION_FAILED');
    assert.match(error.message, /127\.0\.0\.1:1/);
  });
});
