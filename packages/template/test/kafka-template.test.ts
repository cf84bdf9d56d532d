import assert from 'node:assert/strict';
import { Headers, json, KafkaError, nullable, string, type ProducerRecord } from '@hearken/core';
import { KafkaTemplate, SendError } from '@hearken/template';
import { eventLoopTurn, FakeProducer } from '@hearken/testing';
import { foreignRejection, setup } from './setup.js';

describe('KafkaTemplate', () => {
  describe('send', () => {
    it('sends text and bytes without a serde, and resolves with the record and where it is', async () => {
      const { template, factory, log } = setup();
      const { record, metadata } = await template.send('orders', 'twelve', { key: Buffer.from('k'), partition: 2 });
      assert.deepEqual(record, { topic: 'orders', value: 'twelve', key: Buffer.from('k'), partition: 2 });
      assert.deepEqual([metadata.topic, metadata.partition, metadata.offset], ['orders', 2, 0]);
      const [written] = log.records('orders', 2);
      assert.deepEqual([written?.key, written?.value], [Buffer.from('k'), Buffer.from('twelve')]);
      assert.equal(factory.producer.sent.items[0]?.value?.toString(), 'twelve');
    });

    it('takes a whole record as well', async () => {
      const { template, factory } = setup();
      const given = { topic: 'orders', partition: 1, timestamp: 5, key: 'k', value: null, headers: { trace: 'a' } };
      const { record } = await template.send(given);
      assert.equal(record, given);
      const [sent] = factory.producer.sent.items;
      assert.deepEqual([sent?.partition, sent?.timestamp, sent?.key, sent?.value], [1, 5, Buffer.from('k'), null]);
      assert.equal(Headers.from(sent?.headers).string('trace'), 'a');
    });

    it('leaves partition, timestamp and headers to the producer if they are not given', async () => {
      const { template, factory } = setup();
      await template.send('orders', 'v');
      assert.deepEqual(factory.producer.sent.items[0], { topic: 'orders', key: null, value: Buffer.from('v') });
    });

    it('does not copy payloads', async () => {
      const { template, factory } = setup();
      const [key, value] = [Buffer.from('key'), Buffer.from('value')];
      await template.send('orders', value, { key });
      assert.equal(factory.producer.sent.items[0]?.value, value);
      assert.equal(factory.producer.sent.items[0].key, key);
    });

    it('uses its serdes, which see topic and headers and may add some', async () => {
      const tagged = {
        ...json<{ id: number }>(),
        serialize: (value: { id: number }, { topic, headers }: { topic: string; headers: Headers }) => {
          headers.set('type', `${topic}.v1`);
          return Buffer.from(`id ${value.id}`);
        },
      };
      const { template, factory } = setup({ keySerde: string(), valueSerde: tagged });
      const headers = { trace: 'a' };
      for (let i = 0; i < 2; i++) await template.send('orders', { id: 7 }, { key: 'k', headers });
      for (const sent of factory.producer.sent.items) {
        assert.equal(sent.value?.toString(), 'id 7');
        const names = [...Headers.from(sent.headers)].map(([name, value]) => [name, value?.toString()]);
        assert.deepEqual(names, [
          ['trace', 'a'],
          ['type', 'orders.v1'],
        ]);
      }
      assert.deepEqual(headers, { trace: 'a' }, "the caller's headers are left alone");
    });

    it('takes what protobuf and the like return: plain Uint8Arrays', async () => {
      const valueSerde = { serialize: () => new Uint8Array([1, 2]) as Buffer, deserialize: () => 0 };
      const { template, factory } = setup({ valueSerde });
      await template.send('orders', 5);
      assert.deepEqual(factory.producer.sent.items[0]?.value, Buffer.from([1, 2]));
    });

    it('writes tombstones through a nullable serde', async () => {
      const { template, factory } = setup({ valueSerde: nullable(json<{ id: number }>()) });
      await template.send('orders', null, { key: 'k' });
      assert.equal(factory.producer.sent.items[0]?.value, null);
    });
  });

  describe('sendDefault', () => {
    it('sends to the default topic', async () => {
      const { template } = setup({ defaultTopic: 'orders' });
      const { metadata } = await template.sendDefault('v', { key: 'k' });
      assert.equal(metadata.topic, 'orders');
    });

    it('rejects without one', async () => {
      const { template } = setup();
      await assert.rejects(template.sendDefault('v'), { code: 'NO_DEFAULT_TOPIC', name: 'SendError' });
    });
  });

  describe('the producer', () => {
    it('is made on first use, once, however many sends come first', async () => {
      const { template, factory } = setup();
      assert.equal(factory.producers.count, 0);
      await Promise.all([template.send('a', '1'), template.send('b', '2'), template.partitionsFor('a')]);
      assert.equal(factory.producers.count, 1);
    });

    it('is lent to execute, whose result or failure comes back', async () => {
      const { template, factory } = setup();
      assert.equal(await template.execute((producer) => producer), factory.producer);
      const failure = new Error('in the callback');
      const thrower = (): never => {
        throw failure;
      };
      await assert.rejects(template.execute(thrower), failure);
      await assert.rejects(
        template.execute(() => Promise.reject(failure)),
        failure,
      );
      assert.equal(factory.producer.closed.fired, false);
    });

    it('tells partitions and metrics, which are zeros before it is made', async () => {
      const { template } = setup();
      assert.equal(template.metrics().recordsSent, 0);
      await template.send('orders', 'v');
      assert.equal(template.metrics().recordsSent, 1);
      assert.equal((await template.partitionsFor('orders')).length, 4);
    });

    it('is tried again if the factory could not make one', async () => {
      const producer = new FakeProducer();
      let calls = 0;
      const createProducer = () => {
        if (calls++ === 0) throw new KafkaError('wrong password', { code: 'AUTHENTICATION_FAILED' });
        return producer;
      };
      const template = new KafkaTemplate({ createProducer, close: () => Promise.resolve() });
      await assert.rejects(template.send('orders', 'v'), { code: 'AUTHENTICATION_FAILED' });
      await template.send('orders', 'v');
      assert.equal(producer.sent.count, 1);
    });
  });

  describe('flush', () => {
    it('resolves when every record given before is settled, well or badly', async () => {
      const { template, factory } = setup();
      await template.send('orders', '0');
      const { producer } = factory;
      producer.hold();
      const sends = Promise.allSettled([template.send('orders', '1'), template.send('orders', '2')]);
      let flushed = false;
      const flush = template.flush().then(() => (flushed = true));
      producer.settle(1);
      await eventLoopTurn();
      assert.equal(flushed, false);
      producer.reject(new Error('scripted'));
      await Promise.all([flush, sends]);
    });

    it('does not make a producer for it', async () => {
      const { template, factory } = setup();
      await template.flush();
      assert.equal(factory.producers.count, 0);
    });

    it('follows every send with autoFlush, and a failure of it is logged only', async () => {
      const { template, factory, logger } = setup({ autoFlush: true });
      await template.send('orders', '1');
      assert.equal(factory.producer.flushes, 1);
      const failure = new Error('flush failed');
      factory.producer.flush = () => Promise.reject(failure);
      await template.send('orders', '2');
      const entry = await logger.entries.first(({ level }) => level === 'warn');
      assert.deepEqual(entry.details, { error: failure });
    });
  });

  describe('close', () => {
    it('waits for what is under way and gives the producer back, once', async () => {
      const { template, factory } = setup();
      await template.send('orders', '0');
      factory.producer.hold();
      const send = template.send('orders', '1');
      const closes = [template.close(), template.close()];
      await eventLoopTurn();
      assert.equal(factory.producer.closed.fired, false);
      factory.producer.settle();
      await Promise.all([send, ...closes, template.close()]);
      assert.equal(factory.producer.closed.fired, true);
    });

    it('takes null for no options', async () => {
      const { template, factory } = setup();
      await template.send('orders', '0');
      await template.close(null as unknown as undefined);
      assert.equal(factory.producer.closed.fired, true);
    });

    it('refuses what comes after it', async () => {
      const { template, factory } = setup();
      await template.close();
      const refused = { code: 'TEMPLATE_CLOSED' };
      await assert.rejects(template.send('orders', 'v'), { ...refused, name: 'SendError' });
      await assert.rejects(
        template.execute(() => 1),
        refused,
      );
      await assert.rejects(template.partitionsFor('orders'), refused);
      await template.flush();
      assert.equal(template.metrics().recordsSent, 0);
      assert.equal(factory.producers.count, 0, 'closing an unused template makes no producer');
    });

    it('sends what still waits for its serde', async () => {
      const { template, log } = setup({
        valueSerde: { serialize: (text: string) => eventLoopTurn().then(() => Buffer.from(text)), deserialize: String },
      });
      const sends = ['1', '2'].map((text) => template.send('orders', text, { partition: 0 }));
      await template.close();
      await Promise.all(sends);
      assert.equal(log.records('orders', 0).length, 2);
    });

    it('gives up a serde that never ends when its time is over', async () => {
      const never = { serialize: () => new Promise<Buffer>(() => undefined), deserialize: () => '' };
      const { template, clock, factory } = setup({ keySerde: never });
      const sends = Promise.allSettled([template.send('orders', '1', { key: '' }), template.send('orders', '2')]);
      const closed = template.close({ timeoutMs: 100 });
      clock.advance(100);
      await closed;
      for (const end of await sends) {
        assert.ok(end.status === 'rejected' && end.reason instanceof SendError);
        assert.equal(end.reason.code, 'TEMPLATE_CLOSED');
      }
      assert.equal(factory.producers.count, 0);
      assert.equal(clock.pendingTimers, 0);
    });

    it('leaves the producer what is left of its time', async () => {
      const { template, factory, clock } = setup();
      await template.send('orders', '0');
      factory.producer.hold();
      const late = template.send('orders', '1');
      const closed = template.close({ timeoutMs: 100 });
      await clock.timersPending(1);
      await eventLoopTurn();
      assert.equal(clock.nextDueInMs, 100);
      clock.advance(100);
      await assert.rejects(late, SendError);
      await closed;
    });

    it('is what `await using` calls', async () => {
      const { template, factory } = setup();
      await template.send('orders', 'v');
      await template[Symbol.asyncDispose]();
      assert.equal(factory.producer.closed.fired, true);
    });
  });

  describe('interceptors', () => {
    it('are called in order, functions and objects, before the serdes', async () => {
      const append =
        (letter: string) =>
        (record: ProducerRecord<string, string>): ProducerRecord<string, string> => ({
          ...record,
          value: record.value + letter,
        });
      const interceptors = [append('a'), { onSend: append('b') }];
      const { template, factory } = setup({ keySerde: string(), valueSerde: string(), interceptors });
      const { record } = await template.send('orders', '-');
      assert.equal(record.value, '-ab');
      assert.equal(factory.producer.sent.items[0]?.value?.toString(), '-ab');
    });

    it('keep their own `this`', async () => {
      class Counter {
        count = 0;
        onSend<R>(record: R): R {
          this.count++;
          return record;
        }
      }
      const counter = new Counter();
      const { template } = setup({ interceptors: [counter] });
      await template.send('orders', 'v');
      assert.equal(counter.count, 1);
    });

    it('reject the send if one throws or returns no record, and harm no other', async () => {
      const faults = [
        () => {
          throw new TypeError('secret payload');
        },
        () => undefined as unknown as ProducerRecord<string, string>,
        () => Promise.reject(new Error('late')) as unknown as ProducerRecord<string, string>,
        () => foreignRejection(new Error('late')) as unknown as ProducerRecord<string, string>,
      ];
      const interceptor = (record: ProducerRecord<string, string>) => {
        const fault = faults.shift();
        return fault === undefined ? record : fault();
      };
      const { template, factory } = setup({ keySerde: string(), valueSerde: string(), interceptors: [interceptor] });
      await assert.rejects(template.send('orders', '1'), (error: SendError) => {
        assert.equal(error.code, 'INTERCEPTOR_FAILED');
        assert.ok(error.cause instanceof TypeError && !error.message.includes('secret'));
        return true;
      });
      await assert.rejects(template.send('orders', '2'), { code: 'INVALID_RECORD' });
      for (const value of ['3', '4']) {
        await assert.rejects(template.send('orders', value), {
          code: 'INTERCEPTOR_FAILED',
          message: /it returned a promise; it must return the record at once/,
        });
      }
      await template.send('orders', '5');
      assert.equal(factory.producer.sent.count, 1);
    });
  });
});
