import assert from 'node:assert/strict';
import { KafkaError } from '@hearken/core';
import {
  eventLoopTurn,
  exerciseProducer,
  FakeLog,
  FakeProducer,
  FakeProducerFactory,
  ManualClock,
} from '@hearken/testing';

const record = (value: string) => ({ topic: 'orders', value: Buffer.from(value) });

describe('FakeProducer', () => {
  describe('keeps the promises of the SPI', () => {
    const log = new FakeLog();
    let partitions = 0;
    let names = 0;
    exerciseProducer({
      createProducer: () => new FakeProducer({ log, partitions: () => partitions }),
      createTopic: (count) => {
        partitions = count;
        return Promise.resolve(`topic-${names++}`);
      },
      read: (topic, partition) => Promise.resolve(log.records(topic, partition)),
    });
  });

  it('settles by hand, in order, well and badly', async () => {
    const producer = new FakeProducer({ clock: new ManualClock(5) });
    producer.hold();
    const [first, second, third] = ['1', '2', '3'].map((value) => producer.send(record(value))) as [
      Promise<unknown>,
      Promise<unknown>,
      Promise<unknown>,
    ];
    assert.equal(producer.waiting, 3);
    producer.settle(1);
    assert.deepEqual(await first, { topic: 'orders', partition: 0, offset: 0, timestamp: 5 });
    producer.reject(new Error('scripted'));
    await assert.rejects(second, /scripted/);
    producer.settle();
    await third;
    assert.deepEqual(
      producer.log.records('orders', 0).map(({ value }) => String(value)),
      ['1', '3'],
    );
    assert.deepEqual([producer.metrics().recordsSent, producer.metrics().recordsFailed], [2, 1]);
  });

  it('fails the next sends as scripted', async () => {
    const producer = new FakeProducer();
    producer.failSends(new KafkaError('scripted', { code: 'NO' }), 2);
    producer.failSends(({ value }) => (String(value) === 'c' ? new Error('about c') : undefined));
    await assert.rejects(producer.send(record('a')), { code: 'NO' });
    await assert.rejects(producer.send(record('b')), { code: 'NO' });
    await assert.rejects(producer.send(record('c')), /about c/);
    await producer.send(record('d'));
    assert.equal(producer.sent.count, 4);
    assert.equal(producer.log.records('orders', 0).length, 1);
  });

  it('waits in flush for what is held', async () => {
    const producer = new FakeProducer();
    producer.hold();
    const send = producer.send(record('a'));
    let flushed = false;
    const flush = producer.flush().then(() => (flushed = true));
    await eventLoopTurn();
    assert.equal(flushed, false);
    producer.settle();
    await Promise.all([send, flush]);
  });

  it('rejects what is not settled when the time to close is over', async () => {
    const clock = new ManualClock();
    const producer = new FakeProducer({ clock });
    producer.hold();
    const late = producer.send(record('a'));
    const closed = producer.close({ timeoutMs: 10 });
    clock.advance(10);
    await assert.rejects(late, { code: 'PRODUCER_CLOSED' });
    await closed;
  });
});

describe('FakeProducerFactory', () => {
  it('makes producers of one log and closes them all', async () => {
    const factory = new FakeProducerFactory();
    assert.throws(() => factory.producer, /no producer was made/);
    for (const value of ['a', 'b']) await factory.createProducer().send(record(value));
    assert.equal(factory.log.records('orders', 0).length, 2);
    await factory.close();
    assert.ok(factory.producers.items.every(({ closed }) => closed.fired));
  });
});
