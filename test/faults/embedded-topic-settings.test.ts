import assert from 'node:assert/strict';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { RecordingLogger } from '@hearken/testing';
import {
  codeOf,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
} from 'hearken';

const SHED = 'billing-shed';
const PARKED = 'orders-parked';

/** A container that parks and sheds, where ranges are not kept, and parked records by this policy. */
async function setup(parkedPolicy: string) {
  const kafka = await EmbeddedKafka.start({ topics: ['orders:1'] });
  const options = { brokers: kafka.brokers, clientId: 'billing', logger: silentLogger };
  const admin = new KafkaAdmin(options);
  await admin.createTopics([
    { topic: SHED, partitions: 1, config: { 'cleanup.policy': 'delete' } },
    { topic: PARKED, partitions: 1, config: { 'cleanup.policy': parkedPolicy } },
  ]);
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(options));
  const factory = new DefaultKafkaConsumerFactory(options, { groupId: 'billing', autoOffsetReset: 'earliest' });
  const logger = new RecordingLogger();
  const parking = {
    ordering: 'key',
    errorHandler: new DefaultErrorHandler({ onExhausted: 'parkKey' }),
    parking: { template },
  } as const;
  const newContainer = (isParking: boolean): MessageListenerContainer =>
    new MessageListenerContainer(
      factory,
      {
        topics: ['orders'],
        listener: () => undefined,
        shed: { template, allowReorder: true },
        ...(isParking ? parking : {}),
      },
      { logger },
    );
  const close = async (): Promise<void> => {
    await template.close();
    await admin.close();
    await kafka.stop();
  };
  return { kafka, logger, newContainer, [Symbol.asyncDispose]: close };
}

describe('topics that a container keeps something in, on an embedded Kafka', () => {
  it('are refused where they are set so that it is lost', async () => {
    await using bundle = await setup('compact');
    await assert.rejects(bundle.newContainer(true).start(), { code: 'PARKED_TOPIC_COMPACTED' });
    await using container = bundle.newContainer(false);
    await container.start();
    await assert.rejects(container.shed(), { code: 'SHED_TOPIC_NOT_COMPACTED' });
  });

  it('are used, with a warning, where access lists do not let the container see that', async () => {
    await using bundle = await setup('delete');
    const { kafka, logger, newContainer } = bundle;
    const rule = await kafka.faults.on({ api: 'DescribeConfigs' }).error('TOPIC_AUTHORIZATION_FAILED');
    await using container = newContainer(true);
    await container.start();
    assert.deepEqual(await container.shed(), []);
    assert.equal(rule.hits, 2);
    assert.deepEqual(
      logger.at('warn').map(({ details }) => {
        const { topic, error } = details as { readonly topic?: string; readonly error?: unknown };
        return [topic, codeOf(error)];
      }),
      [PARKED, SHED].map((topic) => [topic, 'TOPIC_AUTHORIZATION_FAILED']),
    );
  });
});
