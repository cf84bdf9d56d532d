import assert from 'node:assert/strict';
import { describeConfigsApi, errorCodes } from '@hearken/protocol';
import { eventLoopTurn, type ManualClock } from '@hearken/testing';
import { KafkaConsumer } from '../../dist/consumer/kafka-consumer.js';
import { kafkaOptions } from '../support/options.js';
import { aContext } from './support/context.js';
import type { FakeCluster } from './support/fake-cluster.js';

/** A consumer that is refused with these, one after the other, before it is answered. */
function setup(...refusals: readonly number[]): {
  readonly consumer: KafkaConsumer;
  readonly cluster: FakeCluster;
  readonly clock: ManualClock;
} {
  const { cluster, options, clock } = aContext();
  const left = [...refusals];
  cluster.answer(describeConfigsApi, ({ resources }) => ({
    throttleTimeMs: 0,
    results: resources.map(({ resourceType, resourceName }) => {
      const errorCode = left.shift() ?? 0;
      const configs = errorCode === 0 ? [entry('cleanup.policy', 'compact'), entry('secret', null)] : [];
      return { errorCode, errorMessage: '', resourceType, resourceName, configs };
    }),
  }));
  return { consumer: new KafkaConsumer(kafkaOptions({}, clock), options, cluster), cluster, clock };
}

const entry = (name: string, value: string | null) => ({
  ...{ name, value, readOnly: false, configSource: 5, isSensitive: value === null, synonyms: [] },
  ...{ configType: 2, documentation: null },
});

describe('a consumer that is asked how a topic is set', () => {
  it('tells all of it, and asks again while a broker cannot say', async () => {
    const { consumer, cluster, clock } = setup(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    let told: unknown;
    consumer.topicConfig('orders').then(
      (config) => (told = config),
      (error: unknown) => (told = error),
    );
    while (told === undefined) {
      await eventLoopTurn();
      clock.advance(100);
    }
    assert.deepEqual(told, { 'cleanup.policy': 'compact', secret: '' });
    const [resource] = cluster.requests(describeConfigsApi)[1]!.request.resources;
    assert.deepEqual(resource, { resourceType: 2, resourceName: 'orders', configurationKeys: null });
    await consumer.close();
  });

  it('rejects with the code of the broker that does not tell, and with what cannot be asked', async () => {
    const { consumer } = setup(errorCodes.TOPIC_AUTHORIZATION_FAILED);
    await assert.rejects(consumer.topicConfig('orders'), { code: 'TOPIC_AUTHORIZATION_FAILED', message: /orders/ });
    for (const wrong of ['', null, ['orders']])
      await assert.rejects(consumer.topicConfig(wrong as never), { code: 'INVALID_ARGUMENT' });
    await consumer.close();
    await assert.rejects(consumer.topicConfig('orders'), { code: 'CONSUMER_CLOSED' });
  });
});
