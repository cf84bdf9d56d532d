import assert from 'node:assert/strict';
import { KafkaError } from '@hearken/core';
import { SendError } from '@hearken/template';
import { eventLoopTurn, Recorder } from '@hearken/testing';
import { foreignRejection, setup } from './setup.js';

describe('a producer listener', () => {
  it('is told of each end, before the promise settles', async () => {
    const told = new Recorder<string>();
    const { template, factory } = setup({
      producerListener: {
        onSuccess: ({ value }, { offset }) => told.record(`${String(value)} at ${offset}`),
        onError: ({ value }, { code }) => told.record(`${String(value)} ${code}`),
      },
    });
    await template.send('orders', 'a').then(() => told.record('a settled'));
    factory.producer.failSends(new KafkaError('no', { code: 'NO' }));
    await template.send('orders', 'b').catch(() => told.record('b settled'));
    await template.send('', 'c').catch(() => told.record('c settled'));
    assert.deepEqual(told.items, ['a at 0', 'a settled', 'b NO', 'b settled', 'c INVALID_RECORD', 'c settled']);
  });

  it('may be told of one kind only', async () => {
    const failures: unknown[] = [];
    const { template } = setup({ producerListener: { onError: (record) => failures.push(record.topic) } });
    await template.send('orders', 'v');
    await assert.rejects(template.send('orders', 'v', { partition: -1 }), SendError);
    assert.deepEqual(failures, ['orders']);
  });

  it('keeps its own `this`', async () => {
    class Counting {
      sent = 0;
      onSuccess(): void {
        this.sent++;
      }
    }
    const producerListener = new Counting();
    await setup({ producerListener }).template.send('orders', 'v');
    assert.equal(producerListener.sent, 1);
  });

  const broken = new Error('the listener failed');
  const ways: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw broken;
    },
    rejects: () => Promise.reject(broken),
    'rejects with a promise of another library': () => foreignRejection(broken),
  };
  for (const [how, onEnd] of Object.entries(ways)) {
    it(`that ${how} changes no result, and is logged`, async () => {
      const { template, logger } = setup({ producerListener: { onSuccess: onEnd, onError: onEnd } });
      const { metadata } = await template.send('orders', 'v');
      assert.equal(metadata.offset, 0);
      await assert.rejects(template.send('orders', 'v', { partition: -1 }), { code: 'INVALID_RECORD' });
      await logger.entries.received(2);
      for (const entry of logger.entries.items) {
        assert.deepEqual([entry.level, entry.details], ['warn', { error: broken }]);
      }
    });
  }

  it('that never ends delays no send', async () => {
    const { template, logger } = setup({ producerListener: { onSuccess: () => new Promise(() => undefined) } });
    await template.send('orders', 'v');
    await eventLoopTurn();
    assert.equal(logger.entries.count, 0);
  });
});
