import assert from 'node:assert/strict';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { assertRecords, awaitCommitted, received } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  DefaultErrorHandler,
  FixedBackOff,
  json,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  string,
} from 'hearken';

/** What tests wait with, on a real container and a real admin. */
describe('received and awaitCommitted', () => {
  let kafka: EmbeddedKafka;
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders'] })));
  afterEach(() => kafka.reset());
  after(() => kafka.stop());

  const newContainer = (listener: (value: { total: number }, attempt: number) => void) =>
    new MessageListenerContainer(
      new DefaultKafkaConsumerFactory({ brokers: kafka.brokers }),
      {
        groupId: 'billing',
        topics: ['orders'],
        keySerde: string(),
        valueSerde: json<{ total: number }>(),
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }) }),
        listener: ({ value }, { attempt }) => listener(value, attempt),
      },
      { logger: silentLogger },
    );

  const send = async (...totals: readonly number[]): Promise<void> => {
    const producers = new DefaultKafkaProducerFactory({ brokers: kafka.brokers });
    await using template = new KafkaTemplate(producers, { valueSerde: json() });
    await Promise.all(totals.map((total) => template.send('orders', { total }, { key: `o-${total}` })));
  };

  it('know records decoded, with their types, retried ones once, and their commits', async () => {
    await using container = newContainer((value, attempt) => {
      if (value.total === 2 && attempt === 1) throw new Error('not now');
    });
    await using admin = new KafkaAdmin({ brokers: kafka.brokers });
    await container.start();
    const arrived = received(container, 3);
    await send(1, 2, 3);
    const records = await arrived;
    const sum: number = records.reduce((total, { value }) => total + value.total, 0);
    assert.equal(sum, 6);
    assertRecords(records, [{ key: 'o-1', value: { total: 1 } }, { key: 'o-2' }, { key: 'o-3', offset: 2 }]);
    const end = [{ topic: 'orders', partition: 0, offset: 3 }];
    await awaitCommitted(container, end);
    await awaitCommitted({ admin, groupId: 'billing' }, end);
  });

  it('end when the container does, and say what it failed with', async () => {
    await using container = newContainer(({ total }) => {
      if (total === 2) throw new RangeError('no such order');
    });
    await container.start();
    const arrived = received(container, 2);
    const committed = awaitCommitted(container, [{ topic: 'orders', partition: 0, offset: 2 }]);
    const ended = [
      assert.rejects(arrived, {
        code: 'CONTAINER_STOPPED',
        message: /^1 of 2 records.*\n.*'o-1' => { total: 1 }\n.*no such order/,
      }),
      assert.rejects(committed, { code: 'CONTAINER_STOPPED', message: /orders-0 at 1, not at 2/ }),
    ];
    await send(1, 2);
    await Promise.all(ended);
  });
});
