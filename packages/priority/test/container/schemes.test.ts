import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { addsUp, counts, started, stopped, until, type Bundle, type Own } from './setup.js';

describe('PriorityListenerContainer: the three known schemes', () => {
  /** The order of 200 records of two levels, from when both are behind and the slot comes free. */
  async function orderOf(own: Own): Promise<{ bundle: Bundle; order: number[] }> {
    const order: number[] = [];
    const gate = deferred();
    const bundle = await started({
      capacity: 1,
      ...own,
      listener: (_record, _context, { priority }) => (priority === 1 ? gate.promise : void order.push(priority)),
    } as Own);
    const { container, give } = bundle;
    give(1, 1);
    await until(() => container.metrics().slots === 1);
    for (const level of [0, 2]) give(level, 100);
    await until(() => container.level(0).isReady && container.level(2).isReady);
    gate.resolve();
    await until(() => order.length === 200);
    return { bundle, order };
  }

  it('bounded re-buffering: a full buffer of one level keeps no record of another from being polled', async () => {
    const bundle = await started({ capacity: 1, policy: 'strict', starvation: 'allow', buffer: { records: 12 } });
    const { give, listener, container } = bundle;
    give(0, 1_000); // where one bound is shared, these fill it, and an urgent one stands before the door
    await until(() => listener.order === '0' && (container.metrics().levels[0]?.queued ?? 0) >= 3);
    give(2, 2);
    await until(() => container.level(2).isReady);
    assert.ok((container.metrics().levels[0]?.queued ?? 0) <= 10, 'and the buffer is one');
    listener.calls.items[0]?.end();
    await until(() => listener.order === '02');
    await stopped(bundle);
  });

  it('bounded re-buffering: keeps the order of priorities though every buffer is full', async () => {
    const { bundle, order } = await orderOf({ policy: 'strict', starvation: 'allow', buffer: { records: 12 } });
    assert.deepEqual(counts(order.slice(0, 100).join('')), [0, 0, 100], 'far more than there is room for');
    assert.deepEqual(counts(order.slice(100).join('')), [100, 0, 0]);
    await bundle.container.stop();
  });

  it('strict highest first: switches when the top level runs dry, and back when it refills', async () => {
    const bundle = await started({ capacity: 1, policy: 'strict', starvation: 'allow', starvedAfterMs: 1_000 });
    const { container, give, listener, clock, events } = bundle;
    const starved = events('level:starved');
    let ended = 0;
    /** Ends what runs, so often, and tells who was next. */
    const next = async (times: number): Promise<string> => {
      const { length } = listener.order;
      for (let i = 0; i < times; i++) {
        listener.calls.items[ended++]?.end();
        await until(() => listener.order.length > ended);
        clock.advance(250);
      }
      return listener.order.slice(length);
    };
    give(2, 3);
    await until(() => listener.order === '2');
    give(0, 50);
    await until(() => container.level(0).isReady && container.level(2).isReady);
    assert.equal(await next(5), '22000', 'it runs dry');
    give(2, 12);
    await until(() => container.level(2).isReady);
    assert.deepEqual(starved.items, []);
    assert.equal(await next(12), '222222222222', 'it has refilled');
    assert.deepEqual(
      starved.items.map(({ priority }) => priority),
      [0],
      'what waits for it is told, once',
    );
    assert.equal(await next(3), '000', 'and dry again');
    await stopped(bundle);
    assert.ok(addsUp(bundle));
  });

  it('strict with a floor: the level below has its part while the top one is behind', async () => {
    const { bundle, order } = await orderOf({ policy: 'strict-with-floor', levels: [{ minShare: 0.1 }, {}, {}] });
    assert.deepEqual(counts(order.slice(0, 100).join('')), [10, 0, 90]);
    await bundle.container.stop();
  });

  it('weighted quotas with lending: what an idle level leaves is used at the next dispatch, both ways', async () => {
    for (const policy of ['weighted', 'flipkart-burst'] as const) {
      const bundle = await started({ capacity: 7, policy });
      const { give, listener } = bundle;
      give(0, 30);
      await until(() => listener.order === '0000000');
      for (let ended = 0; ended < 14; ended++) {
        listener.calls.items[ended]?.end();
        await until(() => listener.order.length === 8 + ended);
      }
      assert.equal(listener.order, '0'.repeat(21), 'all slots, and no history to wait for');
      give(2, 5);
      await until(() => bundle.container.level(2).isReady);
      listener.calls.items[14]?.end();
      await until(() => listener.order.length === 22);
      assert.equal(listener.order.at(-1), '2', 'and back at the next dispatch');
      await stopped(bundle);
    }
  });

  for (const policy of ['weighted', 'flipkart-burst'] as const)
    it(`weighted quotas with lending: ${policy} ends the loan of a level that was alone for long when others are back`, async () => {
      const order: number[] = [];
      const bundle = await started({
        capacity: 7,
        policy,
        listener: (_record, _context, { priority }) => {
          order.push(priority);
          if (order.length === 300) for (const level of [0, 1]) bundle.give(level, 100);
        },
      });
      bundle.give(2, 1_000);
      await until(() => order.length === 1_200);
      const back = Math.max(order.indexOf(0), order.indexOf(1));
      assert.deepEqual(counts(order.slice(back, back + 70).join('')), [10, 20, 40]);
      await bundle.container.stop();
    });
});
