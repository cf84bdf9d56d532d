import assert from 'node:assert/strict';
import { json, KafkaConfigError } from '@hearken/core';
import { KafkaTemplate, RoutingKafkaTemplate, SendError, type TemplateRoute } from '@hearken/template';
import { FakeProducerFactory } from '@hearken/testing';

interface Order {
  readonly id: string;
}

function setup() {
  const [orders, others] = [new FakeProducerFactory({ partitions: 4 }), new FakeProducerFactory()];
  const orderTemplate = new KafkaTemplate<string, Order>(orders, { valueSerde: json<Order>() });
  const otherTemplate = new KafkaTemplate<string, string>(others);
  const routing = new RoutingKafkaTemplate<string, unknown>([
    { topics: /orders(-\d+)?/gu, template: orderTemplate },
    { topics: 'audit', template: otherTemplate },
    { topics: /orders.*/u, template: otherTemplate },
  ]);
  return { routing, orders, others, orderTemplate, otherTemplate };
}

describe('RoutingKafkaTemplate', () => {
  it('sends by the template of the first route that the whole topic matches', async () => {
    const { routing, orders, others } = setup();
    for (const topic of ['orders', 'orders-1', 'orders-22']) await routing.send(topic, { id: topic }, { key: 'k' });
    await routing.send({ topic: 'audit', value: 'text' });
    await routing.send('orders-x', 'text');
    assert.deepEqual(
      orders.producer.sent.items.map(({ topic, value }) => `${topic} ${String(value)}`),
      ['orders', 'orders-1', 'orders-22'].map((id) => `${id} {"id":"${id}"}`),
    );
    assert.deepEqual(
      others.producer.sent.items.map(({ topic }) => topic),
      ['audit', 'orders-x'],
    );
    assert.equal((await routing.partitionsFor('orders')).length, 4);
    await routing.close();
  });

  it('resolves and rejects as that template does', async () => {
    const { routing } = setup();
    const { record, metadata } = await routing.send('audit', 'text');
    assert.deepEqual([record.value, metadata.offset], ['text', 0]);
    await assert.rejects(routing.send('audit', { no: 'serde' }), { code: 'NO_SERDE' });
    const both = { topic: 'audit', value: 'a' } as never; // as JavaScript may: a key would be lost without a word
    await assert.rejects(routing.send(both, { key: 'lost' }), { code: 'INVALID_RECORD' });
    await routing.close();
  });

  it('rejects what has no route, with the record', async () => {
    const { routing } = setup();
    await assert.rejects(routing.send('else', 'v'), (error) => {
      assert.ok(error instanceof SendError);
      assert.deepEqual([error.code, error.record], ['NO_ROUTE', { topic: 'else', value: 'v' }]);
      return true;
    });
    await assert.rejects(routing.partitionsFor('else'), { code: 'NO_ROUTE' });
    await assert.rejects(routing.send(null as never), { code: 'NO_ROUTE' }); // as JavaScript may: nothing throws at once
    assert.equal(routing.templateFor('else'), undefined);
    await routing.close();
  });

  it('flushes and closes every template once', async () => {
    const { routing, orders, others, orderTemplate } = setup();
    assert.equal(routing.templateFor('orders'), orderTemplate);
    await Promise.all([routing.send('orders', { id: '1' }), routing.send('audit', 'text')]);
    await routing.flush();
    await routing.close();
    assert.deepEqual([orders.producer.closed.fired, others.producer.closed.fired], [true, true]);
    await assert.rejects(routing.send('audit', 'text'), { code: 'TEMPLATE_CLOSED' });
  });

  it('names every route that is none', () => {
    const routes = [{ topics: '', template: {} }, null] as unknown as TemplateRoute<unknown, unknown>[];
    assert.throws(
      () => new RoutingKafkaTemplate(routes),
      (error) =>
        error instanceof KafkaConfigError &&
        ['routes[0].topics', 'routes[0].template', 'routes[1].topics'].every((path) => error.message.includes(path)),
    );
    assert.throws(() => new RoutingKafkaTemplate([]), KafkaConfigError);
  });
});
