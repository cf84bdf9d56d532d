import assert from 'node:assert/strict';
import {
  DeserializationError,
  json,
  nullable,
  type ConsumerRecord,
  type Serde,
  type StandardSchemaV1,
} from '@hearken/core';
import { DefaultErrorHandler } from '@hearken/listener';
import { Recorder } from '@hearken/testing';
import { z } from 'zod';
import { KafkaListener, Payload } from '../../dist/index.js';
import { ended, listening, stopAll } from './listening.js';

const topics = ['t'];
const orderSchema = z.object({ id: z.string(), total: z.coerce.number() });
type Order = z.output<typeof orderSchema>;
const written = (order: unknown) => ({ value: JSON.stringify(order) });

interface Letter {
  readonly record: ConsumerRecord;
  readonly error: unknown;
}

/** Keeps what is given up. */
function keeping(): { readonly letters: Recorder<Letter>; readonly errorHandler: DefaultErrorHandler } {
  const letters = new Recorder<Letter>();
  const recoverer = (record: ConsumerRecord, error: unknown): void => letters.record({ record, error });
  return { letters, errorHandler: new DefaultErrorHandler({ recoverer }) };
}

describe('@Payload with a schema', () => {
  afterEach(stopAll);

  it('reads JSON and gives what the schema makes of it', async () => {
    class Billing {
      readonly orders: Order[] = [];
      @KafkaListener({ topics })
      on(@Payload(orderSchema) order: Order): void {
        this.orders.push(order);
      }
    }
    const bean = new Billing();
    const running = await listening(bean);
    running.give(written({ id: 'o-1', total: '12', more: true }));
    await ended(running, 1);
    assert.deepEqual(bean.orders, [{ id: 'o-1', total: 12 }]);
  });

  it('fails a record that does not fit: at once, without the listener, with its bytes', async () => {
    const { letters, errorHandler } = keeping();
    class Billing {
      readonly ids: string[] = [];
      @KafkaListener({ topics, errorHandler })
      on(@Payload(orderSchema) order: Order): void {
        this.ids.push(order.id);
      }
    }
    const bean = new Billing();
    const running = await listening(bean);
    const [wrong, right] = [written({ total: 1 }), written({ id: 'o-2', total: 1 })];
    running.give(wrong, right);
    await ended(running, 2);
    const { recovered, retried } = running.container.metrics();
    assert.deepEqual({ recovered, retried, ids: bean.ids }, { recovered: 1, retried: 0, ids: ['o-2'] });
    const { record, error } = letters.items[0]!;
    assert.equal(record.value?.toString(), wrong.value);
    assert.ok(error instanceof DeserializationError && error.cause instanceof DeserializationError);
    assert.match(error.cause.message, /the payload does not match the schema: id: /);
    assert.equal(error.cause.bytes?.toString(), wrong.value);
  });

  it('fails of a batch only what does not fit', async () => {
    class Billing {
      readonly batches: string[][] = [];
      @KafkaListener({ topics, batch: true, errorHandler: keeping().errorHandler })
      on(@Payload(orderSchema) orders: readonly Order[]): void {
        this.batches.push(orders.map(({ id }) => id));
      }
    }
    const bean = new Billing();
    const running = await listening(bean);
    running.give(written({ id: 'o-1', total: 1 }), written({ id: 'o-2' }), written({ id: 'o-3', total: 3 }));
    await ended(running, 3);
    assert.deepEqual([bean.batches.flat(), running.container.metrics().recovered], [['o-1', 'o-3'], 1]);
  });

  it('checks what the serde of the listener reads, tombstones too if that lets them through', async () => {
    const tombstones = nullable(json());
    class Billing {
      readonly orders: (Order | null)[] = [];
      @KafkaListener({ topics, valueSerde: tombstones })
      on(@Payload(orderSchema.nullable()) order: Order | null): void {
        this.orders.push(order);
      }
    }
    const bean = new Billing();
    const running = await listening(bean);
    running.give(written({ id: 'o-1', total: '2' }), { value: null });
    await ended(running, 2);
    assert.deepEqual(bean.orders, [{ id: 'o-1', total: 2 }, null]);
  });

  it('may be asynchronous, as may the serde', async () => {
    const slow: Serde<string> = {
      serialize: (text) => Promise.resolve(Buffer.from(text)),
      deserialize: (bytes) => Promise.resolve(String(bytes)),
    };
    const schema: StandardSchemaV1<unknown, number> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (text) => Promise.resolve({ value: String(text).length }),
      },
    };
    class Billing {
      readonly lengths: number[] = [];
      @KafkaListener({ topics, valueSerde: slow })
      on(@Payload(schema) length: number): void {
        this.lengths.push(length);
      }
    }
    const bean = new Billing();
    const running = await listening(bean);
    running.give({ value: 'four' });
    await ended(running, 1);
    assert.deepEqual(bean.lengths, [4]);
  });
});
