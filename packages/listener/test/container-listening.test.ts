import assert from 'node:assert/strict';
import { json, nullable, string, type ConsumerRecord } from '@hearken/core';
import { SyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn, FakeConsumerFactory, Recorder } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff, MessageListenerContainer } from '../dist/index.js';
import { distinct, keyed, started, stopNow, tp, until } from './setup.js';

describe('MessageListenerContainer: order', () => {
  it('runs a partition in order, partitions side by side, by default', async () => {
    const bundle = await started();
    const { listener, give } = bundle;
    give(0, ...keyed('a', 'b'));
    give(1, ...keyed('c', 'd'));
    await listener.calls.received(2);
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '1/0']);
    (await listener.call('1/0')).end();
    await listener.call('1/1');
    assert.deepEqual(listener.order, ['0/0', '1/0', '1/1']);
    await stopNow(bundle);
  });

  it('runs keys side by side and each in order', async () => {
    const bundle = await started({ ordering: 'key', nullKey: 'partition' });
    const { listener, give } = bundle;
    give(0, ...keyed('a', 'a', 'b', null, null));
    await listener.calls.received(3);
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/2', '0/3']);
    (await listener.call('0/3')).end();
    await listener.call('0/4');
    (await listener.call('0/0')).end();
    await listener.call('0/1');
    await stopNow(bundle);
  });

  it('runs everything at once without an order, up to the concurrency', async () => {
    const bundle = await started({ ordering: 'none', concurrency: 3 });
    const { listener, give } = bundle;
    give(0, ...keyed('a', 'a', 'a', 'a'));
    await listener.calls.received(3);
    await eventLoopTurn();
    assert.equal(listener.calls.count, 3);
    (await listener.call('0/1')).end();
    await listener.call('0/3');
    await stopNow(bundle);
  });

  it('runs one at a time on a SyncTaskExecutor', async () => {
    const { container, listener, give } = await started({ ordering: 'none', taskExecutor: new SyncTaskExecutor() });
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await container.stop();
    assert.equal(container.metrics().processed, 2);
  });
});

describe('MessageListenerContainer: listener:returned', () => {
  it('tells each record whose listener ended well, as the listener got it, and no other', async () => {
    const factory = new FakeConsumerFactory({ groupId: 'g', assignOnSubscribe: [tp(0)] });
    const container = new MessageListenerContainer(factory, {
      topics: ['t'],
      valueSerde: json<{ failures: number }>(),
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 0, maxRetries: 1 }) }),
      listener: ({ value }, { attempt }) => {
        if (attempt <= value.failures) throw new RangeError(`attempt ${attempt}`);
      },
    });
    const returned = new Recorder<[failures: number, attempt: number, processed: number]>();
    container.on('listener:returned', ({ record, attempt }) =>
      returned.record([record.value.failures, attempt, container.metrics().processed]),
    );
    await container.start();
    factory.log.append('t', 0, ...[0, 1, 2].map((failures) => ({ value: JSON.stringify({ failures }) })));
    await assert.rejects(container.finished, { code: 'LISTENER_FAILED' });
    assert.deepEqual(returned.items, [[0, 1, 1], [1, 2, 2]]); // prettier-ignore
  });

  it('tells it under manual acknowledgment too, before the record is done', async () => {
    const { container, listener, give, events } = await started({ ackMode: 'manual' });
    const returned = events('listener:returned');
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    const { record } = await returned.first(() => true);
    assert.deepEqual([record.key?.toString(), container.metrics().processed], ['a', 0]);
    await container.stop();
  });
});

describe('MessageListenerContainer: what a listener gets', () => {
  it('is the record as the consumer returned it, without serdes', async () => {
    const { container, listener, give, log } = await started();
    give(0, { key: 'a', value: 'v', headers: { h: '1' } });
    const { record, end } = await listener.call('0/0');
    assert.equal(record, log.records('t', 0)[0]);
    end();
    await container.stop();
  });

  it('is decoded by the serdes, synchronous or not, with everything else kept', async () => {
    interface Order {
      readonly id: number;
    }
    const factory = new FakeConsumerFactory({ groupId: 'g', assignOnSubscribe: [tp(0)] });
    const records = new Recorder<ConsumerRecord<string | null, Order>>();
    const slow = { ...string(), deserialize: (bytes: Buffer | null) => Promise.resolve(bytes?.toString() ?? '') };
    const container = new MessageListenerContainer(factory, {
      topics: ['t'],
      keySerde: nullable(slow),
      valueSerde: json<Order>(),
      listener: records.record,
    });
    await container.start();
    factory.log.append('t', 0, { key: 'k', value: '{"id":7}', timestamp: 5, headers: { h: '1' }, leaderEpoch: 3 });
    factory.log.append('t', 0, { value: '{"id":8}' });
    const [first, second] = await records.received(2);
    assert.equal(first?.value.id, 7);
    assert.equal(first.key, 'k');
    assert.equal(first.headers.string('h'), '1');
    const { topic, partition, offset, timestamp, timestampType, leaderEpoch } = first;
    assert.deepEqual(
      { topic, partition, offset, timestamp, timestampType, leaderEpoch },
      { topic: 't', partition: 0, offset: 0, timestamp: 5, timestampType: 'create-time', leaderEpoch: 3 },
    );
    assert.deepEqual([second?.key, second?.value, second?.leaderEpoch], [null, { id: 8 }, undefined]);
    await container.stop();
  });

  it('has a context', async () => {
    const { container, listener, give, logger } = await started();
    give(0, ...keyed('a'));
    const { context, end } = await listener.call('0/0');
    assert.equal(context.attempt, 1);
    assert.ok(context.epoch >= 1);
    assert.equal(context.logger, logger);
    assert.equal(context.container.state, 'running');
    assert.equal(context.container.groupId, 'g');
    assert.deepEqual(context.container.assignment(), [tp(0), tp(1)]);
    assert.equal(context.signal, context.signal);
    assert.equal(context.signal.aborted, false);
    assert.throws(() => context.acknowledgment, { code: 'NO_ACKNOWLEDGMENT' });
    end();
    await container.stop();
  });

  it('may be a synchronous function, or an object with onMessage', async () => {
    const seen: number[] = [];
    const listener = {
      prefix: 10,
      onMessage(record: ConsumerRecord): number {
        return seen.push(this.prefix + record.offset);
      },
    };
    const { container, give } = await started({ listener });
    give(0, ...keyed('a', 'b', 'c'));
    await until(() => seen.length === 3);
    await container.stop();
    assert.deepEqual(seen, [10, 11, 12]);
    assert.equal(container.metrics().processed, 3);
  });

  it('lets timers and sockets live while listeners end at once', async () => {
    let turns = 0;
    let processed = 0;
    let timer: NodeJS.Immediate;
    const tick = (): void => {
      turns++;
      timer = setImmediate(tick);
    };
    const bundle = await started({
      ordering: 'key',
      listener: () => {
        processed++;
        bundle.clock.advance(1); // each takes a millisecond
      },
    });
    bundle.give(0, ...distinct(200));
    timer = setImmediate(tick);
    await until(() => processed === 200);
    clearImmediate(timer);
    assert.ok(turns >= 40, `${turns} turns for 200 ms of listeners and a budget of 4 ms`);
    await bundle.container.stop();
  });
});
