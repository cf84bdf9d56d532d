import assert from 'node:assert/strict';
import { json } from '@hearken/core';
import { DefaultErrorHandler } from '@hearken/listener';
import { Recorder } from '@hearken/testing';
import { z } from 'zod';
import { Header, KafkaHandler, KafkaListener, Payload } from '../../dist/index.js';
import { call, endpoint } from '../decorators/beans.js';
import { ended, listening, stopAll } from './listening.js';

const topics = ['t'];
const valueSerde = json<{ readonly kind?: string; readonly id: string }>();
const ofType = (type: string, value = '{}') => ({ value, headers: { __TypeId__: type } });

class Calls {
  readonly calls: string[] = [];
}

describe('a @KafkaListener on a class', () => {
  afterEach(stopAll);

  @KafkaListener({ topics })
  class Billing extends Calls {
    @KafkaHandler('order', 'com.acme.Order')
    order(@Payload() value: Buffer): void {
      this.calls.push(`order ${value.toString()}`);
    }
    @KafkaHandler('refund')
    refund(record: { readonly offset: number }): void {
      this.calls.push(`refund ${record.offset}`);
    }
  }

  it('gives each record to the handler of its type, which the header of Spring tells', async () => {
    const bean = new Billing();
    const { id, ...rest } = await endpoint(bean);
    assert.equal(id, 'Billing');
    for (const record of [ofType('order', 'a'), { ...ofType('refund'), offset: 4 }, ofType('com.acme.Order', 'b')])
      call({ id, ...rest }, record);
    assert.deepEqual(bean.calls, ['order a', 'refund 4', 'order b']);
  });

  it('fails what no handler takes, without a retry', async () => {
    const listener = await endpoint(new Billing());
    assert.throws(() => call(listener, ofType('parcel')), {
      code: 'NON_RETRIABLE',
      message: "Billing has no @KafkaHandler for 'parcel'",
    });
    assert.throws(() => call(listener, { value: 'v' }), {
      code: 'NON_RETRIABLE',
      message: 'Billing has no @KafkaHandler for a record without a type',
    });
  });

  it('gives what no other takes to the default', async () => {
    @KafkaListener({ topics, discriminator: 'type' })
    class WithDefault extends Billing {
      @KafkaHandler({ types: ['known'], isDefault: true })
      other(@Header('type') type: string | undefined): void {
        this.calls.push(`default ${type}`);
      }
    }
    const bean = new WithDefault();
    const listener = await endpoint(bean);
    for (const type of ['order', 'known', 'parcel']) call(listener, { value: 'v', headers: { type } });
    call(listener, { value: 'v' });
    assert.deepEqual(bean.calls, ['order v', 'default known', 'default parcel', 'default undefined']);
  });

  it('may choose by the payload', async () => {
    @KafkaListener({ topics, valueSerde, discriminator: ({ kind }, { topic }) => kind ?? topic })
    class ByKind extends Calls {
      @KafkaHandler('order')
      order(@Payload() { id }: { readonly id: string }): void {
        this.calls.push(`order ${id}`);
      }
      @KafkaHandler('t')
      other(@Payload() { id }: { readonly id: string }): void {
        this.calls.push(`other ${id}`);
      }
    }
    const bean = new ByKind();
    const running = await listening(bean);
    running.give({ value: '{"kind":"order","id":"1"}' }, { value: '{"id":"2"}' });
    await ended(running, 2);
    assert.deepEqual(bean.calls, ['order 1', 'other 2']);
  });

  it('checks each payload by the schema of its handler', async () => {
    const lost = new Recorder<string>();
    const errorHandler = new DefaultErrorHandler({ recoverer: (record) => lost.record(String(record.value)) });
    @KafkaListener({ topics, errorHandler })
    class Checked extends Calls {
      @KafkaHandler('order')
      order(@Payload(z.object({ id: z.string() })) { id }: { readonly id: string }): void {
        this.calls.push(`order ${id}`);
      }
      @KafkaHandler('refund')
      refund(@Payload(z.object({ of: z.string() })) { of }: { readonly of: string }): void {
        this.calls.push(`refund ${of}`);
      }
      @KafkaHandler({ isDefault: true })
      other(@Payload() value: unknown): void {
        this.calls.push(`other ${JSON.stringify(value)}`);
      }
    }
    const bean = new Checked();
    const running = await listening(bean);
    running.give(ofType('order', '{"id":"1"}'), ofType('refund', '{"of":"1"}'), ofType('refund', '{"id":"1"}'));
    running.give({ value: '[1]' });
    await ended(running, 4);
    assert.deepEqual([bean.calls, lost.items], [['order 1', 'refund 1', 'other [1]'], ['{"id":"1"}']]);
  });

  it('is inherited, with handlers of the subclass among those it chooses from', async () => {
    class Sub extends Billing {
      @KafkaHandler('parcel')
      parcel(): void {
        this.calls.push('parcel');
      }
      override refund(): void {
        this.calls.push('overridden');
      }
    }
    const bean = new Sub();
    const listener = await endpoint(bean);
    for (const type of ['order', 'parcel', 'refund']) call(listener, ofType(type, 'v'));
    assert.deepEqual([listener.id, bean.calls], ['Sub', ['order v', 'parcel', 'overridden']]);
  });
});
