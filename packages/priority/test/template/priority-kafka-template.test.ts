import assert from 'node:assert/strict';
import { json, type Serde } from '@hearken/core';
import { PlacedNaming, PriorityKafkaTemplate } from '@hearken/priority';
import { SendError } from '@hearken/template';
import { eventLoopTurn } from '@hearken/testing';
import { setup } from './setup.js';

const code = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => 'sent',
    (error: unknown) => (error instanceof SendError ? error.code : `no SendError: ${String(error)}`),
  );

describe('PriorityKafkaTemplate', () => {
  it('sends to the topic of the level', async () => {
    const { template, log } = setup({ levels: 3 });
    const { record, metadata } = await template.send('orders', 2, 'value', { key: 'k', partition: 3, timestamp: 5 });
    assert.deepEqual(record, { topic: 'orders-2', value: 'value', key: 'k', partition: 3, timestamp: 5 });
    assert.deepEqual([metadata.topic, metadata.partition], ['orders-2', 3]);
    assert.equal(log.records('orders-2', 3)[0]?.value?.toString(), 'value');
  });

  it('sends records that say their level, or none', async () => {
    const { template, factory } = setup({ levels: 3 });
    await template.send({ topic: 'orders', priority: 1, value: 'a', headers: { trace: 't' } });
    await template.send({ topic: 'orders', value: 'b' });
    await template.send('orders', undefined, 'c');
    assert.deepEqual(
      factory.producer.sent.items.map(({ topic }) => topic),
      ['orders-1', 'orders-0', 'orders-0'],
    );
  });

  it('knows levels by name, and another default', async () => {
    const { template, factory } = setup({
      levels: ['bulk', { name: 'normal', minShare: 0.1 }, 'urgent'],
      defaultPriority: 'normal',
      defaultTopic: 'orders',
    });
    await template.send('orders', 'urgent', 'a');
    await template.send('orders', 0, 'b');
    await template.send('orders', undefined, 'c');
    await template.sendDefault('bulk', 'd');
    await template.sendDefault(undefined, 'e');
    assert.deepEqual(
      factory.producer.sent.items.map(({ topic }) => topic),
      ['orders-2', 'orders-0', 'orders-1', 'orders-0', 'orders-1'],
    );
  });

  it('refuses levels that there are not', async () => {
    const refusals: string[] = [];
    const { template, factory } = setup({
      levels: ['bulk', 'urgent'],
      producerListener: { onError: ({ topic }, error) => refusals.push(`${topic} ${error.code}`) },
    });
    for (const wrong of [2, -1, 0.5, NaN, Infinity, '1', 'urgend', { id: 1 }, null]) {
      assert.equal(await code(template.send('orders', wrong as 1, 'value')), 'PRIORITY_OUT_OF_RANGE');
    }
    await assert.rejects(template.send('orders', 'urgend' as 'urgent', 'value'), {
      message:
        "cannot send to orders: there is no level 'urgend': they are 0 to 1 (bulk, urgent); did you mean 'urgent'?",
      record: { topic: 'orders', value: 'value' },
      retriable: false,
    });
    assert.equal(refusals.length, 10);
    assert.equal(refusals[0], 'orders PRIORITY_OUT_OF_RANGE');
    assert.equal(factory.producers.items.length, 0);
  });

  it('takes the nearest level if told to, but never for a name', async () => {
    const { template, factory } = setup({ levels: ['bulk', 'urgent'], outOfRange: 'clamp' });
    await template.send('orders', 9, 'a');
    await template.send('orders', -9, 'b');
    assert.deepEqual(
      factory.producer.sent.items.map(({ topic }) => topic),
      ['orders-1', 'orders-0'],
    );
    for (const wrong of ['urgend', 0.5, NaN, Infinity]) {
      assert.equal(await code(template.send('orders', wrong as 1, 'value')), 'PRIORITY_OUT_OF_RANGE');
    }
  });

  it('keeps headers, and adds the level to them if told to', async () => {
    const { template, log } = setup({ levels: 2 });
    await template.send('orders', 1, 'value', { headers: { trace: ['a', 'b'] } });
    const [plain] = log.records('orders-1', 0);
    assert.deepEqual([...plain!.headers].map(String), ['trace,a', 'trace,b']);

    const marking = setup({ levels: 2, priorityHeader: true, outOfRange: 'clamp' });
    const headers = { trace: 't', 'x-priority': 'mine' };
    await marking.template.send('orders', 7, 'value', { headers });
    await marking.template.send('orders', 0, 'value');
    assert.deepEqual([...marking.log.records('orders-1', 0)[0]!.headers].map(String), ['trace,t', 'x-priority,1']);
    assert.deepEqual([...marking.log.records('orders-0', 0)[0]!.headers].map(String), ['x-priority,0']);
    assert.deepEqual(headers, { trace: 't', 'x-priority': 'mine' });
    const wrong = { headers: { trace: 1 } as unknown as Record<string, string> };
    assert.equal(await code(marking.template.send('orders', 0, 'value', wrong)), 'INVALID_RECORD');
  });

  it('has the serdes, interceptors and listener of a KafkaTemplate', async () => {
    const seen: string[] = [];
    const { template, factory } = setup<string, { id: number }>({
      levels: 2,
      keySerde: json<string>(),
      valueSerde: json<{ id: number }>(),
      interceptors: [(record) => ({ ...record, value: { id: record.value.id + 1 }, topic: `${record.topic}-x` })],
      producerListener: { onSuccess: ({ topic }, { offset }) => seen.push(`${topic} ${offset}`) },
    });
    await template.send('orders', 1, { id: 1 }, { key: 'k' });
    const [sent] = factory.producer.sent.items;
    assert.deepEqual([sent?.topic, String(sent?.key), String(sent?.value)], ['orders-1-x', '"k"', '{"id":2}']);
    assert.deepEqual(seen, ['orders-1-x 0']);
  });

  it('refuses in the words of a KafkaTemplate what that refuses', async () => {
    const { template } = setup({ levels: 2 });
    const send = template.send.bind(template) as (...given: unknown[]) => Promise<unknown>;
    for (const given of [
      ['orders', 1],
      ['', 1, 'value'],
      [undefined, 1, 'value'],
      [null],
      [{ value: 'value' }],
      [{ topic: 'orders', value: 'value' }, 1],
      [{ topic: 'orders', value: 'value' }, undefined, undefined, { key: 'k' }],
      ['orders', 1, 'value', 'key'],
      ['orders', 1, 'value', { partition: -1 }],
      ['orders', 1, 'value', null],
    ]) {
      assert.equal(await code(send(...given)), 'INVALID_RECORD', JSON.stringify(given));
    }
    assert.equal(await code(template.sendDefault(1, 'value')), 'NO_DEFAULT_TOPIC');
    assert.equal(await code(send('orders', 1, { id: 1 })), 'NO_SERDE');
  });

  it('keeps the order of a level with asynchronous serdes', async () => {
    const ends: (() => void)[] = [];
    const slowFirst: Serde<string> = {
      serialize: (value) => new Promise((resolve) => ends.push(() => resolve(Buffer.from(value)))),
      deserialize: () => '',
    };
    const { template, factory } = setup<string, string>({ levels: 2, valueSerde: slowFirst });
    const sent = ['a', 'b', 'c'].map((value) => template.send('orders', 1, value, { key: 'k' }));
    const flushed = template.flush();
    for (const end of ends.toReversed()) end();
    await Promise.all([...sent, flushed]);
    assert.deepEqual(
      factory.producer.sent.items.map(({ value }) => String(value)),
      ['a', 'b', 'c'],
    );
  });

  it('makes one producer, lends it and gives it back', async () => {
    const naming = new PlacedNaming({
      jobs: [
        { topic: 'jobs', partitions: [0] },
        { topic: 'jobs', partitions: [1, 2] },
      ],
    });
    const { template, factory } = setup({ levels: 2, naming });
    assert.equal(template.metrics().recordsSent, 0);
    await Promise.all([template.send('jobs', 0, 'a'), template.send('jobs', 1, 'b'), template.send('orders', 1, 'c')]);
    assert.equal(await template.execute((producer) => producer.metrics().recordsSent), 3);
    assert.equal(await template.execute(({ acks }) => acks), 'all');
    assert.equal(template.metrics().recordsSent, 3);
    assert.equal(factory.producers.items.length, 1);
    await template.flush();
    assert.equal(factory.producer.closed.fired, false);
    await Promise.all([template.close(), template.close()]);
    assert.equal(factory.producer.closed.fired, true);
    assert.equal(await code(template.send('orders', 1, 'late')), 'TEMPLATE_CLOSED');
    assert.equal(await code(template.send('jobs', 1, 'late')), 'TEMPLATE_CLOSED');
    await assert.rejects(template.partitionsFor('orders'), { code: 'TEMPLATE_CLOSED' });
  });

  it('sends what was given before it was closed, and no longer than it was told', async () => {
    const { template, factory, clock } = setup({ levels: 2 });
    await template.execute(() => undefined);
    factory.producer.hold();
    const sent = code(template.send('orders', 1, 'value', { key: 'k' }));
    const closed = template.close({ timeoutMs: 500 });
    await eventLoopTurn();
    clock.advance(500);
    await closed;
    assert.equal(await sent, 'PRODUCER_CLOSED');
  });

  it('is closed by await using', async () => {
    const { template, factory } = setup({ levels: 1 });
    await template.send('orders', 0, 'value');
    await template[Symbol.asyncDispose]();
    assert.equal(factory.producer.closed.fired, true);
  });

  it('tells the partitions of a level, or of all', async () => {
    const naming = new PlacedNaming({ jobs: [{ topic: 'jobs', partitions: [0, 5] }, 'urgent-jobs'] });
    const { template } = setup({ levels: ['bulk', 'urgent'], naming, partitions: { 'urgent-jobs': 2 } });
    const names = async (priority?: 0 | 'urgent') =>
      (await template.partitionsFor('jobs', priority)).map(({ topic, partition }) => `${topic}:${partition}`);
    assert.deepEqual(await names(0), ['jobs:0', 'jobs:5']);
    assert.deepEqual(await names('urgent'), ['urgent-jobs:0', 'urgent-jobs:1']);
    assert.deepEqual(await names(), ['jobs:0', 'jobs:5', 'urgent-jobs:0', 'urgent-jobs:1']);
    await assert.rejects(template.partitionsFor('jobs', 9), { code: 'PRIORITY_OUT_OF_RANGE' });
  });

  it('knows the types of keys, values and level names', () => {
    assert.equal(typeof theTypesFlow, 'function');
  });
});

/** Compiled, never called. */
function theTypesFlow({ factory }: ReturnType<typeof setup>): unknown[] {
  const template = new PriorityKafkaTemplate(factory, {
    levels: ['bulk', { name: 'urgent', minShare: 0.1 }],
    valueSerde: json<{ id: number }>(),
  });
  const numbered = new PriorityKafkaTemplate(factory, { levels: 3 });
  return [
    template.send('orders', 'urgent', { id: 1 }, { key: 'k' }),
    template.send({ topic: 'orders', priority: 'bulk', value: { id: 1 } }).then(({ record }) => record.value.id),
    template.send('orders', 1, { id: 1 }),
    numbered.send('orders', 1, 'text'),
    // @ts-expect-error no such level
    template.send('orders', 'urgend', { id: 1 }),
    // @ts-expect-error no such level
    template.send({ topic: 'orders', priority: 'urgend', value: { id: 1 } }),
    // @ts-expect-error the value has another type
    template.send('orders', 'bulk', { id: 'one' }),
    // @ts-expect-error the level is missing
    template.send('orders', { id: 1 }),
    // @ts-expect-error a key needs a serde unless it is bytes or text
    template.send('orders', 'bulk', { id: 1 }, { key: 7 }),
    // @ts-expect-error no such option
    template.send('orders', 'bulk', { id: 1 }, { priority: 1 }),
    // @ts-expect-error levels are needed
    new PriorityKafkaTemplate(factory, {}),
    // @ts-expect-error the default is one of the levels
    new PriorityKafkaTemplate(factory, { levels: ['bulk', 'urgent'], defaultPriority: 'urgend' }),
  ];
}
