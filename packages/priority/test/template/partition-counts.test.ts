import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { PlacedNaming, partitionBuckets } from '@hearken/priority';
import { eventLoopTurn } from '@hearken/testing';
import { setup } from './setup.js';

const UNEQUAL = { 'orders-0': 6, 'orders-1': 4 };
const keyed = { key: 'k' };

describe('levels with different numbers of partitions', () => {
  it('are warned about once a level, and sent to', async () => {
    const { template, logger } = setup({ levels: 3, partitions: UNEQUAL });
    for (const level of [0, 1, 1, 2, 0]) await template.send('orders', level, 'value', keyed);
    await template.flush();
    const warnings = logger.at('warn').map(({ details }) => (details as { error: { message: string } }).error.message);
    assert.deepEqual(warnings, [
      "the levels of orders differ in partitions, and so a key's partition differs: orders-0 has 6, orders-1 has 4",
      "the levels of orders differ in partitions, and so a key's partition differs: orders-0 has 6, orders-1 has 4, orders-2 has 6",
    ]);
  });

  it('are refused, with fail, where the second one is met', async () => {
    const failures: string[] = [];
    const { template, factory } = setup({
      levels: 3,
      partitions: UNEQUAL,
      unequalPartitions: 'fail',
      producerListener: { onError: (_record, error) => failures.push(error.code) },
    });
    await template.send('orders', 0, 'value', keyed);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(template.send('orders', 1, 'value', keyed), {
        code: 'UNEQUAL_PARTITIONS',
        message: /orders-0 has 6, orders-1 has 4/,
      });
    }
    await template.send('orders', 1, 'value');
    await template.send('orders', 1, 'value', { ...keyed, partition: 1 });
    await template.send('orders', 2, 'value', keyed); // what was refused is nobody's measure
    assert.deepEqual(failures, ['UNEQUAL_PARTITIONS', 'UNEQUAL_PARTITIONS']);
    assert.equal(factory.producer.sent.items.length, 4);
  });

  it('are found when levels are met at the same moment', async () => {
    const warned = setup({ levels: 2, partitions: UNEQUAL });
    await Promise.all([0, 1].map((level) => warned.template.send('orders', level, 'value', keyed)));
    await warned.template.flush();
    assert.equal(warned.logger.at('warn').length, 1);
    const { template } = setup({ levels: 2, partitions: UNEQUAL, unequalPartitions: 'fail' });
    const sent = await Promise.allSettled([0, 1].map((level) => template.send('orders', level, 'value', keyed)));
    assert.deepEqual(
      sent.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
  });

  it('are nobody else’s business', async () => {
    const { template } = setup({ levels: 2, partitions: { 'orders-0': 3 }, unequalPartitions: 'fail' });
    await template.send('orders', 0, 'value', keyed);
    await template.send('mail', 1, 'value', keyed);
  });

  it('are not looked at with ignore, without keys, or where levels are partitions', async () => {
    const naming = new PlacedNaming({ jobs: partitionBuckets('jobs', [1, 3]) });
    const { template, factory, logger } = setup({ levels: 2, partitions: UNEQUAL, naming });
    const ignoring = setup({ levels: 2, partitions: UNEQUAL, unequalPartitions: 'ignore' });
    await template.execute(() => undefined);
    factory.producer.partitionsFor = () => assert.fail('asked');
    for (const level of [0, 1]) {
      await template.send('jobs', level, 'value', keyed);
      await template.send('orders', level, 'value');
      await ignoring.template.send('orders', level, 'value', keyed);
    }
    assert.deepEqual([logger.entries.items, ignoring.logger.entries.items], [[], []]);
  });

  it('do not matter when nobody can tell: the send itself says what is wrong', async () => {
    const { template, logger } = setup({ levels: 2, partitions: { 'orders-0': 0 } });
    await template.send('orders', 0, 'value', keyed);
    await template.flush();
    assert.deepEqual(
      logger.entries.items.map(({ level, message }) => [level, message]),
      [['debug', 'partitions not checked']],
    );
    const strict = setup({ levels: 2, partitions: { 'orders-0': 0 }, unequalPartitions: 'fail' });
    await assert.rejects(strict.template.send('orders', 0, 'value', keyed), { code: 'SEND_FAILED' });
  });
});

describe('sends that wait for the partition count', () => {
  async function waiting() {
    const { template, factory } = setup({ levels: 2, unequalPartitions: 'fail' });
    await template.execute(() => undefined);
    const { producer } = factory;
    const { promise, resolve } = deferred();
    const all = producer.partitionsFor.bind(producer);
    producer.partitionsFor = async (topic) => {
      await promise;
      return all(topic);
    };
    return { template, producer, resolve, values: () => producer.sent.items.map(({ value }) => String(value)) };
  }

  it('keep their order, and are not overtaken by one that comes when it is known', async () => {
    const { template, resolve, values } = await waiting();
    const sent = ['a', 'b', 'c'].map((value) => template.send('orders', 1, value, keyed));
    await eventLoopTurn();
    assert.deepEqual(values(), []);
    resolve();
    // One send in each of the microtasks in which the answer travels.
    for (let i = 0; i < 12; i++) {
      sent.push(template.send('orders', 1, String(i), keyed));
      await Promise.resolve();
    }
    await Promise.all(sent);
    assert.deepEqual(values(), ['a', 'b', 'c', ...Array.from({ length: 12 }, (_, i) => String(i))]);
  });

  it('are flushed, and sent before the template closes', async () => {
    const flushing = await waiting();
    const sent = flushing.template.send('orders', 1, 'a', keyed);
    const flushed = flushing.template.flush();
    flushing.resolve();
    await flushed;
    assert.deepEqual(flushing.values(), ['a']);
    await sent;

    const closing = await waiting();
    const last = closing.template.send('orders', 1, 'b', keyed);
    const closed = closing.template.close();
    await eventLoopTurn();
    await assert.rejects(closing.template.send('orders', 0, 'late'), { code: 'TEMPLATE_CLOSED' });
    assert.equal(closing.producer.closed.fired, false);
    closing.resolve();
    await Promise.all([last, closed]);
    assert.deepEqual(closing.values(), ['b']);
  });
});
