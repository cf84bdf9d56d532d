import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Serde } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import { eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import { setup } from './setup.js';

/** Values starting with "later" are serialised when the test says so, the others at once. */
class ManualSerde implements Serde<string> {
  readonly pending = new Map<string, Deferred<Buffer>>();

  serialize(value: string): Buffer | Promise<Buffer> {
    if (!value.startsWith('later')) return Buffer.from(value);
    const bytes = deferred<Buffer>();
    this.pending.set(value, bytes);
    return bytes.promise;
  }

  deserialize(): string {
    return '';
  }

  end(value: string, failure?: Error): void {
    if (failure === undefined) this.pending.get(value)?.resolve(Buffer.from(value));
    else this.pending.get(value)?.reject(failure);
    this.pending.delete(value);
  }
}

describe('the order of sends', () => {
  it('is that of the calls: one that is ready does not overtake one that is being serialised', async () => {
    const valueSerde = new ManualSerde();
    const { template, factory } = setup({ valueSerde });
    const sends = ['later-1', '2', 'later-3', '4'].map((value) => template.send('orders', value));
    await eventLoopTurn();
    assert.equal(factory.producers.count, 0);
    assert.equal(valueSerde.pending.size, 2, 'serialisation itself goes on side by side');
    valueSerde.end('later-3');
    valueSerde.end('later-1');
    await Promise.all(sends);
    const sent = factory.producer.sent.items.map(({ value }) => String(value));
    assert.deepEqual(sent, ['later-1', '2', 'later-3', '4']);
  });

  it('keeps the async context of each call, though another ends the waiting', async () => {
    const valueSerde = new ManualSerde();
    const { template, factory } = setup({ valueSerde });
    const context = new AsyncLocalStorage<string>();
    await template.send('orders', 'first'); // makes the producer
    const { producer } = factory;
    const seen: (string | undefined)[] = [];
    producer.failSends(() => void seen.push(context.getStore()), 2);
    const sends = ['later-1', 'later-2'].map((value) => context.run(value, () => template.send('orders', value)));
    valueSerde.end('later-2');
    await eventLoopTurn();
    valueSerde.end('later-1');
    await Promise.all(sends);
    assert.deepEqual(seen, ['later-1', 'later-2']);
  });

  it('is synchronous again once nothing waits', async () => {
    const valueSerde = new ManualSerde();
    const { template, factory } = setup({ valueSerde });
    const first = template.send('orders', 'later');
    valueSerde.end('later');
    await first;
    void template.send('orders', 'next');
    assert.equal(factory.producer.sent.count, 2);
  });

  it('is not held up by a serialisation that fails', async () => {
    const valueSerde = new ManualSerde();
    const { template, factory } = setup({ valueSerde });
    const [failing, next] = [template.send('orders', 'later'), template.send('orders', 'next')];
    valueSerde.end('later', new Error('scripted'));
    await assert.rejects(failing, { code: 'SERIALIZATION_FAILED' });
    await next;
    assert.equal(factory.producer.sent.count, 1);
  });

  it('is not held up by a producer that cannot be made', async () => {
    const valueSerde = new ManualSerde();
    const { template, factory } = setup({ valueSerde });
    const create = factory.createProducer.bind(factory);
    factory.createProducer = () => {
      factory.createProducer = create;
      throw new Error('scripted');
    };
    const [failing, next] = [template.send('orders', 'later'), template.send('orders', 'next')];
    valueSerde.end('later');
    await assert.rejects(failing, { code: 'SEND_FAILED' });
    await next;
  });

  it('is not held up for flush by sends that come after it', async () => {
    const valueSerde = new ManualSerde();
    const { template } = setup({ valueSerde });
    const first = template.send('orders', 'later-1');
    const flushed = template.flush();
    const second = template.send('orders', 'later-2');
    valueSerde.end('later-1');
    await flushed;
    await first;
    valueSerde.end('later-2');
    await second;
  });

  it('is that of the calls for any mix of serialisations and any order of their ends', async () => {
    const kinds = fc.array(fc.constantFrom('now', 'later', 'later-fails'), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(fc.nat(29), { maxLength: 30 }), async (sends, ends) => {
        const valueSerde = new ManualSerde();
        const { template, log } = setup({ valueSerde });
        const results = sends.map((kind, i) => template.send('orders', `${kind}-${i}`, { partition: 0 }));
        const settled = Promise.allSettled(results);
        for (const pick of ends) {
          const value = [...valueSerde.pending.keys()][pick % Math.max(1, valueSerde.pending.size)];
          if (value !== undefined) valueSerde.end(value, value.includes('fails') ? new Error('scripted') : undefined);
          await Promise.resolve();
        }
        for (const value of [...valueSerde.pending.keys()].reverse())
          valueSerde.end(value, value.includes('fails') ? new Error('scripted') : undefined);
        const states = (await settled).map(({ status }) => status);
        const expected = sends.map((kind, i) => `${kind}-${i}`).filter((value) => !value.includes('fails'));
        assert.deepEqual(
          log.records('orders', 0).map(({ value }) => String(value)),
          expected,
        );
        assert.deepEqual(
          states,
          sends.map((kind) => (kind === 'later-fails' ? 'rejected' : 'fulfilled')),
        );
      }),
    );
  });
});
