import assert from 'node:assert/strict';
import { Header, KafkaListener, Payload, SendTo } from '../../dist/index.js';
import { call, endpoint, endpoints } from './beans.js';

const topics = ['orders'];

describe('@KafkaListener', () => {
  it('makes an endpoint of a method, named after it, of what was written and no more', async () => {
    class Billing {
      @KafkaListener({ topics, groupId: 'billing', concurrency: 3, autoStartup: false, phase: 2, cluster: 'east' })
      on(): void {
        return;
      }
    }
    const { listener, ...rest } = await endpoint(new Billing());
    assert.equal(typeof listener, 'function');
    assert.deepEqual(rest, {
      id: 'Billing.on',
      where: 'Billing.on',
      autoStartup: false,
      phase: 2,
      cluster: 'east',
      properties: { topics, groupId: 'billing', concurrency: 3 },
    });
  });

  it('calls the method on the bean with record, context and level, and gives back what it returns', async () => {
    class Billing {
      readonly calls: unknown[] = [];
      @KafkaListener({ topics })
      on(...args: unknown[]): string {
        this.calls.push(args);
        return 'done';
      }
    }
    const bean = new Billing();
    const listening = await endpoint(bean);
    const record = { offset: 7 } as never;
    const context = { attempt: 2 } as never;
    assert.equal(listening.listener?.(record, context, 'urgent' as never), 'done');
    assert.deepEqual(bean.calls, [[record, context, 'urgent']]);
  });

  it('may stand on a method several times: ids follow the source, whatever ids others have', async () => {
    class Billing {
      @KafkaListener({ topics: ['a'] })
      @KafkaListener({ id: 'b', topics: ['b'] })
      @KafkaListener({ topics: ['c'] })
      on(): void {
        return;
      }
      @KafkaListener({ topics: ['d'] })
      other(): void {
        return;
      }
    }
    const made = Object.values(await endpoints(Billing));
    assert.deepEqual(
      made.map(({ id, where, properties }) => [id, where, properties.topics]),
      [
        ['Billing.on', 'Billing.on', ['a']],
        ['b', 'Billing.on#2', ['b']],
        ['Billing.on#3', 'Billing.on#3', ['c']],
        ['Billing.other', 'Billing.other', ['d']],
      ],
    );
  });

  it('makes a batch listener where it says batch, and tells how batches are made', async () => {
    class Billing {
      @KafkaListener({ id: 'plain', topics, batch: true })
      @KafkaListener({ id: 'limited', topics, batch: { maxRecords: 10 } })
      @KafkaListener({ id: 'no', topics, batch: false })
      on(): void {
        return;
      }
    }
    const { plain, limited, no } = await endpoints(Billing);
    assert.deepEqual([typeof plain?.batchListener, plain?.listener], ['function', undefined]);
    assert.deepEqual(plain?.properties, { topics });
    assert.deepEqual(limited?.properties, { topics, batch: { maxRecords: 10 } });
    assert.deepEqual([typeof no?.listener, no?.batchListener], ['function', undefined]);
  });

  it('leaves nothing behind but on its class', async () => {
    const make = (): new () => object => {
      class Billing {
        @KafkaListener({ topics })
        on(): void {
          return;
        }
      }
      return Billing;
    };
    const [One, Other] = [make(), make()];
    assert.deepEqual(Object.keys(await endpoints(One)), ['Billing.on']);
    assert.deepEqual(Object.keys(await endpoints(Other)), ['Billing.on']);
    assert.deepEqual(Object.keys(One), []);
    assert.deepEqual(
      Object.getOwnPropertySymbols(One).map((symbol) => Symbol.keyFor(symbol)),
      ['hearken:listener'],
    );
  });
});

describe('inherited listeners', () => {
  class Base {
    readonly name: string = 'base';
    @KafkaListener({ topics, groupId: 'g' })
    on(@Payload() order: unknown): string {
      return `${this.name} ${String(order)}`;
    }
  }
  const value = 'o-1';

  it('are those of the subclass, under its name, and of the class itself', async () => {
    class Sub extends Base {
      override readonly name = 'sub';
    }
    class SubSub extends Sub {}
    assert.equal(call(await endpoint(new Base()), { value }), 'base o-1');
    const { id, ...rest } = await endpoint(new SubSub());
    assert.equal(id, 'SubSub.on');
    assert.equal(call({ id, ...rest }, { value }), 'sub o-1');
  });

  it('stay, once, where the method is overridden, and call what overrides it', async () => {
    class Sub extends Base {
      override on(order: unknown): string {
        return `overridden ${super.on(order)}`;
      }
    }
    const { properties, ...rest } = await endpoint(new Sub());
    assert.deepEqual(properties, { topics, groupId: 'g' });
    assert.equal(call({ properties, ...rest }, { value }), 'overridden base o-1');
  });

  it('are replaced where the method is decorated again, its parameters too', async () => {
    class Sub extends Base {
      @KafkaListener({ topics: ['others'] })
      override on(record: unknown): string {
        return `record ${(record as { readonly offset: number }).offset}`;
      }
    }
    const { properties, ...rest } = await endpoint(new Sub());
    assert.deepEqual(properties, { topics: ['others'] });
    assert.equal(call({ properties, ...rest }, { value, offset: 3 }), 'record 3');
    assert.deepEqual((await endpoint(new Base())).properties, { topics, groupId: 'g' });
  });

  it('keep their options where only the parameters are decorated again', async () => {
    class Sub extends Base {
      override on(@Header('trace') trace: unknown): string {
        return `decorated ${String(trace)}`;
      }
    }
    const { properties, ...rest } = await endpoint(new Sub());
    assert.deepEqual(properties, { topics, groupId: 'g' });
    assert.equal(call({ properties, ...rest }, { value, headers: { trace: 't' } }), 'decorated t');
  });

  it('come beside those of the subclass', async () => {
    class Sub extends Base {
      @KafkaListener({ topics })
      own(): void {
        return;
      }
    }
    assert.deepEqual(Object.keys(await endpoints(Sub)), ['Sub.on', 'Sub.own']);
  });
});

describe('decorators of a compiler without experimentalDecorators', () => {
  const context = { kind: 'method', name: 'on' } as never;
  it('say what they need', () => {
    const method = (): void => undefined;
    for (const decorator of [KafkaListener({ topics }), SendTo()])
      assert.throws(() => decorator(method, context, undefined as never), /"experimentalDecorators": true/);
  });
});
