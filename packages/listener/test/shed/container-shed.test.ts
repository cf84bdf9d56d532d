import assert from 'node:assert/strict';
import { IllegalStateError, KafkaError } from '@hearken/core';
import { eventLoopTurn, FakeConsumerFactory, FakeProducerFactory } from '@hearken/testing';
import { KafkaTemplate } from '@hearken/template';
import { MessageListenerContainer } from '../../dist/index.js';
import { addsUp, distinct, keyed, stopNow, tp, until } from '../setup.js';
import { range, recorded, shedding, SHED_TOPIC } from './shed-setup.js';

describe('MessageListenerContainer: shed', () => {
  it('records the backlog from the lowest unfinished offset, goes on at its end, and commits that', async () => {
    const bundle = await shedding({ concurrency: 2 });
    const { container, listener, give, log, committed, events } = bundle;
    const told = events('partitions:shed');
    give(0, ...distinct(10));
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 1);
    assert.deepEqual(await container.shed(), [range(0, 10)]);
    assert.deepEqual([...recorded(log)], [['t/0/0/10', range(0, 10)]]);
    assert.deepEqual(told.items, [{ ranges: [range(0, 10)] }]);
    const { abandoned, shedOffsets } = container.metrics();
    assert.deepEqual({ abandoned, shedOffsets }, { abandoned: 9, shedOffsets: 10 });
    give(0, ...keyed('new'));
    for (const call of listener.calls.items) call.end(); // those of before are too late
    (await listener.call('0/10')).end();
    await until(() => container.metrics().processed === 2);
    await container.stop();
    assert.equal(committed(0), 11);
    assert.ok(addsUp(bundle));
  });

  it('goes on behind a range only when that is acknowledged, and commits nothing past it before', async () => {
    const bundle = await shedding({ concurrency: 1 });
    const { container, listener, give, log, clock, committed, producer, factory } = bundle;
    give(0, ...distinct(5));
    await listener.call('0/0');
    producer.hold();
    const shed = container.shed();
    await until(() => producer.waiting === 1);
    clock.advance(1_000);
    await eventLoopTurn();
    assert.equal(factory.consumer.position(tp(0)), 5);
    assert.equal(container.metrics().abandoned, 0);
    assert.equal(committed(0), 0);
    (await listener.call('0/0')).end(); // it goes on meanwhile
    await listener.call('0/1');
    producer.settle();
    assert.deepEqual(await shed, [range(0, 5)]);
    clock.advance(1_000);
    await until(() => committed(0) === 5);
    assert.equal(recorded(log).size, 1);
    assert.equal(container.metrics().shedOffsets, 4);
    await stopNow(bundle);
    assert.ok(addsUp(bundle));
  });

  it('skips nothing of a partition of which it is not known yet where it begins', async () => {
    const { container, factory, log } = await shedding();
    const { consumer } = factory;
    consumer.position = () => {
      throw new IllegalStateError('it has no position yet', 'NO_POSITION');
    };
    await consumer.rebalance({ assign: [tp(1)] });
    consumer.endOffsets = (partitions) => Promise.resolve(partitions.map((at) => ({ ...at, offset: 5 })));
    assert.deepEqual(await container.shed({ partitions: [tp(1)] }), []);
    assert.equal(recorded(log).size, 0);
    await container.stop();
  });

  it('skips nothing if the range cannot be written', async () => {
    const bundle = await shedding({ concurrency: 1 });
    const { container, listener, give, log, producer } = bundle;
    give(0, ...distinct(5));
    await listener.call('0/0');
    producer.hold();
    const error = new KafkaError('no broker', { code: 'DELIVERY_TIMEOUT' });
    const shed = container.shed();
    await until(() => producer.waiting === 1);
    producer.reject(error);
    await assert.rejects(shed, error);
    assert.equal(container.metrics().abandoned, 0);
    assert.equal(recorded(log).size, 0);
    await stopNow(bundle);
  });

  it('writes and skips nothing if the topic of its ranges does not exist, and says how to make it', async () => {
    const bundle = await shedding({ concurrency: 1 });
    const { container, listener, give, log, factory, committed, clock } = bundle;
    const { consumer } = factory;
    const endOffsets = consumer.endOffsets.bind(consumer);
    consumer.endOffsets = (partitions) =>
      partitions.some(({ topic }) => topic === SHED_TOPIC)
        ? Promise.reject(new KafkaError('not here', { code: 'UNKNOWN_TOPIC_OR_PARTITION' }))
        : endOffsets(partitions);
    give(0, ...distinct(2));
    const running = await listener.call('0/0');
    await assert.rejects(container.shed(), {
      code: 'SHED_TOPIC_MISSING',
      message: new RegExp(`^${SHED_TOPIC} does not exist.*cleanup\\.policy=compact`),
    });
    assert.equal(recorded(log).size, 0);
    const { abandoned, shedOffsets } = container.metrics();
    assert.deepEqual({ abandoned, shedOffsets }, { abandoned: 0, shedOffsets: 0 });
    clock.advance(10_000);
    await eventLoopTurn();
    assert.equal(committed(0), 0);
    running.end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 2);
    consumer.endOffsets = endOffsets; // somebody made it
    give(0, ...keyed('new'));
    await listener.call('0/2');
    assert.deepEqual(await container.shed(), [range(2, 3)]);
    await stopNow(bundle);
    assert.ok(addsUp(bundle));
  });

  it('leaves a partition where it is that was given up, or sought, before its range was written', async () => {
    for (const move of ['revoke', 'seek'] as const) {
      const bundle = await shedding({ concurrency: 1 });
      const { container, listener, give, log, factory, logger, producer } = bundle;
      give(0, ...distinct(5));
      (await listener.call('0/0')).end();
      (await listener.call('0/1')).end();
      const running = await listener.call('0/2');
      producer.hold();
      const shed = container.shed();
      await until(() => producer.waiting === 1);
      if (move === 'revoke') {
        const moving = factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
        await until(() => container.metrics().abandoned === 0 && container.metrics().queued === 0);
        running.end();
        await moving;
      } else await container.seek(tp(0), 2);
      producer.settle();
      assert.deepEqual(await shed, [], move);
      assert.equal(recorded(log).size, 1, 'it comes twice');
      assert.equal(logger.at('warn').length, 1);
      assert.ok(factory.consumer.position(tp(0)) <= 5);
      assert.equal(container.metrics().shedOffsets, 0);
      running.end();
      await listener.calls.first(({ record, context }) => context.epoch > 1 && record.offset >= 2);
      await stopNow(bundle);
      assert.ok(addsUp(bundle));
    }
  });

  it('skips nothing of a range that ended while it was written, and says that it comes twice', async () => {
    const bundle = await shedding({ concurrency: 2 });
    const { container, listener, give, log, logger, producer, events } = bundle;
    const told = events('partitions:shed');
    give(0, ...distinct(2));
    await listener.call('0/0');
    producer.hold();
    const shed = container.shed();
    await until(() => producer.waiting === 1);
    for (const at of ['0/0', '0/1']) (await listener.call(at)).end();
    give(0, ...keyed('new'));
    await listener.call('0/2');
    producer.settle();
    assert.deepEqual(await shed, []);
    assert.deepEqual([told.count, container.metrics().shedOffsets, recorded(log).size], [0, 0, 1]);
    assert.match(logger.at('warn')[0]?.message ?? '', /recorded and not skipped/);
    assert.equal(container.metrics().abandoned, 0);
    await stopNow(bundle);
  });

  it('is refused unless keys may lose their order', async () => {
    const template = new KafkaTemplate(new FakeProducerFactory());
    for (const shed of [undefined, { template }, { template, allowReorder: false }]) {
      const bundle = await shedding({ ...(shed === undefined ? { shed: undefined as never } : { shed }) });
      await assert.rejects(bundle.container.shed(), { code: 'REORDER_NOT_ALLOWED', message: /keys lose their order/ });
      await bundle.container.stop();
    }
  });

  it('sheds what is asked for: topics, partitions, up to a time; what has no backlog is left out', async () => {
    const bundle = await shedding({ concurrency: 1, bufferRecords: 1 }, { partitions: [tp(0), tp(1), tp(2)] });
    const { container, log, factory } = bundle;
    log.append('t', 0, ...[1, 2, 3, 4].map((second) => ({ key: `${second}`, timestamp: second * 1_000 })));
    log.append('t', 1, ...[1, 2].map((second) => ({ key: `${second}`, timestamp: second * 1_000 })));
    assert.deepEqual(await container.shed({ to: new Date(3_000), partitions: [tp(0), tp(2)] }), [range(0, 2)]);
    assert.deepEqual(await container.shed({ to: new Date(9_000), partitions: [tp(1)] }), [range(0, 2, 1)]);
    assert.deepEqual(await container.shed({ to: new Date(1_000) }), []);
    assert.deepEqual(await container.shed({ partitions: ['t'] }), [range(2, 4)]);
    assert.equal(factory.consumer.position(tp(0)), 4);
    assert.deepEqual([...recorded(log).keys()], ['t/0/0/2', 't/1/0/2', 't/0/2/4']);
    await assert.rejects(container.shed({ partitions: [tp(7)] }), { code: 'NOT_ASSIGNED' });
    for (const wrong of [{ to: 'beginning' }, { to: 5 }, { to: new Date(NaN) }, { partitions: [5] }, { too: 'end' }])
      await assert.rejects(container.shed(wrong as never), { code: 'INVALID_CONFIG' }, JSON.stringify(wrong));
    await stopNow(bundle);
    await assert.rejects(container.shed(), { code: 'CONTAINER_NOT_RUNNING' });
  });

  it('twice at the same time records both, and goes on behind the later', async () => {
    const bundle = await shedding({ concurrency: 1 });
    const { container, listener, give, log, factory, producer } = bundle;
    give(0, ...distinct(5));
    await listener.call('0/0');
    producer.hold();
    const first = container.shed();
    await until(() => producer.waiting === 1);
    give(0, ...distinct(2));
    const second = container.shed();
    await until(() => producer.waiting === 2);
    producer.settle();
    const shed = (await Promise.all([first, second])).flat();
    assert.ok(shed.length > 0);
    assert.deepEqual([...recorded(log).keys()], ['t/0/0/5', 't/0/0/7']);
    await until(() => factory.consumer.position(tp(0)) === 7);
    await stopNow(bundle);
    assert.ok(addsUp(bundle));
  });

  it('keeps a partition paused that was', async () => {
    const bundle = await shedding();
    const { container, listener, give } = bundle;
    container.pause([tp(0)]);
    give(0, ...distinct(5));
    assert.deepEqual(await container.shed(), [range(0, 5)]);
    give(0, ...keyed('new'));
    await eventLoopTurn();
    assert.deepEqual(listener.order, []);
    container.resume();
    await listener.call('0/5');
    await stopNow(bundle);
  });

  it('records in a topic of its own name, with the id of the topic it is a range of', async () => {
    const bundle = await shedding({ concurrency: 1 });
    const { container, give, log, factory } = bundle;
    Object.assign(factory.consumer, { topicId: () => 'an-id' });
    give(0, ...distinct(3));
    await container.shed();
    assert.deepEqual([...recorded(log)], [['t/0/0/3/an-id', { ...range(0, 3), topicId: 'an-id' }]]);
    assert.equal(log.records(SHED_TOPIC, 0).length, 1);
    await stopNow(bundle);
  });

  it('checks its properties', () => {
    const factory = new FakeConsumerFactory();
    const template = new KafkaTemplate(new FakeProducerFactory());
    const problem = (properties: object): string => {
      try {
        new MessageListenerContainer(factory, {
          topics: ['t'],
          listener: () => undefined,
          groupId: 'g',
          ...properties,
        });
      } catch (error) {
        return (error as Error).message;
      }
      return 'none';
    };
    assert.match(problem({ shed: {} }), /shed\.template: is required/);
    assert.match(problem({ shed: { template: {} } }), /shed\.template: must have the method execute/);
    assert.match(problem({ shed: { template, alowReorder: true } }), /did you mean 'allowReorder'/);
    assert.match(problem({ shed: { template }, commitBefore: true }), /shed: cannot go with commitBefore/);
    assert.equal(problem({ shed: { template, topic: 'any' } }), 'none');
    assert.match(
      problem({ shed: { template }, topics: undefined, topicPartitions: [tp(0)], groupId: undefined }),
      /shed: needs a groupId/,
    );
  });
});
