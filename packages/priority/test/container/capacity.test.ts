import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { KafkaConfigError } from '@hearken/core';
import fc from 'fast-check';
import {
  ExponentialQuotaDistributor,
  FixedQuotaDistributor,
  LargestRemainderQuotaDistributor,
  type PolicyName,
} from '../../dist/index.js';
import { addsUp, counts, settled, setup, started, stopped, until, type Own } from './setup.js';

describe('PriorityListenerContainer: another capacity while it runs', () => {
  it('starts more at once, as the policy says', async () => {
    const bundle = await started({ capacity: 1 });
    const { container, give, listener } = bundle;
    give(0, 20);
    await until(() => listener.order === '0');
    give(1, 20);
    give(2, 20);
    await until(() => container.levels.every(({ isReady }) => isReady));
    container.capacity = 15;
    assert.deepEqual(counts(listener.order.slice(1)), [2, 4, 8], 'in this turn, and by weight');
    assert.deepEqual([container.capacity, container.metrics().capacity, container.snapshot().slots], [15, 15, 15]);
    await stopped(bundle);
    assert.ok(addsUp(bundle));
  });

  it('aborts nothing when it is less, and starts nothing until those above it have ended', async () => {
    const bundle = await started({ capacity: 5 });
    const { container, give, listener } = bundle;
    give(0, 5);
    await until(() => listener.order === '00000');
    give(2, 3);
    await until(() => container.level(2).isReady);
    container.capacity = 2;
    for (const { end } of listener.calls.items.slice(0, 3)) end();
    await until(() => container.metrics().slots === 2);
    await settled();
    assert.equal(listener.order, '00000', 'two run, and two may');
    assert.deepEqual([container.snapshot().levels[2]?.available, container.snapshot().capacity], [0, 2]);
    listener.calls.items[3]?.end();
    await until(() => listener.order === '000002');
    assert.ok(listener.calls.items.every(({ context }) => !context.signal.aborted));
    await stopped(bundle);
    assert.equal(container.metrics().levels[0]?.processed, 5);
    assert.ok(addsUp(bundle));
  });

  it('takes the slot also from listeners that end at once, one of which takes over from the other', async () => {
    const order: number[] = [];
    let release = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    const bundle = setup({
      capacity: 3,
      listener: (_record, _context, { priority }) => {
        order.push(priority);
        if (order.length <= 2) return hanging;
        if (order.length === 10) bundle.container.capacity = 2;
        return undefined;
      },
    });
    const { container, give } = bundle;
    give(0, 50);
    await container.start();
    await until(() => order.length >= 10);
    await settled();
    assert.equal(order.length, 10);
    release();
    await until(() => order.length === 50);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('works out quotas anew, and tells of both', async () => {
    const quotas: Record<string, readonly [Own, readonly number[]]> = {
      'the default': [{}, [14, 28, 58]],
      'quotas of Flipkart': [{ policy: 'flipkart-burst' }, [14, 28, 58]],
      'a distributor': [{ quotaDistributor: new LargestRemainderQuotaDistributor([1, 1, 8]) }, [10, 10, 80]],
      'weights of the levels': [{ levels: [{ weight: 3 }, { weight: 2 }, { weight: 1 }] }, [3, 2, 1]],
    };
    for (const [name, [own, weights]] of Object.entries(quotas)) {
      const { container, events } = setup({ capacity: 50, ...own });
      const [capacities, policies] = [events('capacity:changed'), events('policy:changed')];
      container.capacity = 100;
      container.capacity = 100;
      assert.deepEqual(container.snapshot().policy.weights, weights, name);
      assert.deepEqual(capacities.items, [{ previous: 50, next: 100 }]);
      assert.deepEqual(policies.items.length, 1);
      await container.stop();
    }
  });

  it('leaves weights alone that were given while it ran', () => {
    const { container } = setup({ capacity: 50 });
    container.updatePolicy({ weights: [1, 1, 1] });
    container.capacity = 100;
    assert.deepEqual(container.snapshot().policy.weights, [1, 1, 1]);
  });

  it('changes nothing if the new one cannot be', () => {
    const refused: readonly (readonly [Own, number, object | RegExp])[] = [
      [{}, 0, /capacity: must be/],
      [{}, 1.5, /capacity: must be/],
      [{}, NaN, /capacity: must be/],
      [{}, undefined as unknown as number, /capacity: is required/],
      [{ levels: [{ minSlots: 4 }, {}, {}] }, 3, /capacity: is too small: the levels keep 4 slots by minSlots/],
      [{ levels: [{ minSlots: 4 }, {}, {}] }, 4, /capacity: is too small: the levels leave level 1 no slot/],
      [{ quotaDistributor: new FixedQuotaDistributor([7, 14, 29]) }, 51, { code: 'INVALID_DISTRIBUTION' }],
      [{ quotaDistributor: new ExponentialQuotaDistributor() }, 6, { code: 'QUOTA_CAPACITY_TOO_SMALL' }],
      [{ policy: 'flipkart-burst' }, 6, /needs quotas that add up to the capacity of 6/],
    ];
    for (const [own, capacity, error] of refused) {
      const { container, events } = setup({ capacity: 50, ...own });
      const told = [events('capacity:changed').items, events('policy:changed').items];
      const before = container.snapshot().policy;
      assert.throws(() => (container.capacity = capacity), error as KafkaConfigError);
      assert.deepEqual([container.capacity, container.snapshot().policy], [50, before]);
      assert.deepEqual(told, [[], []]);
    }
  });

  it('starts nothing in the name of who changed it, or resumed a level', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const { container, give } = setup({
      capacity: 1,
      listener: () => {
        seen.push(storage.getStore());
        return new Promise<void>((resolve) => setImmediate(resolve));
      },
    });
    container.level(0).pause();
    give(0, 10);
    await container.start();
    await until(() => container.level(0).isReady);
    storage.run('resume', () => container.level(0).resume());
    assert.equal(seen.length, 1);
    storage.run('capacity', () => (container.capacity = 5));
    assert.equal(seen.length, 5);
    await until(() => seen.length === 10);
    assert.deepEqual(new Set(seen), new Set([undefined]));
    await container.stop();
  });

  it('runs no more than there are slots, and loses nothing, whatever it is changed to', async () => {
    const policies: readonly PolicyName[] = ['weighted', 'drr', 'flipkart-burst', 'strict'];
    const script = fc.array(
      fc.record({ capacity: fc.integer({ min: 7, max: 30 }), after: fc.integer({ min: 1, max: 20 }) }),
    );
    await fc.assert(
      fc.asyncProperty(script, fc.constantFrom(...policies), fc.nat(2), async (changes, policy, waits) => {
        let [running, tooMany, ended] = [0, 0, 0];
        const left = [...changes];
        const bundle = setup({
          capacity: 20,
          policy,
          ...(policy === 'strict' ? { starvation: 'allow' } : {}),
          listener: async ({ offset }) => {
            if (++running > bundle.container.capacity) tooMany++;
            for (let turns = (offset % 3) * waits; turns > 0; turns--) await new Promise(setImmediate);
            running--;
            const [next] = left;
            if (++ended % (next?.after ?? Infinity) !== 0 || next === undefined) return;
            left.shift();
            bundle.container.capacity = next.capacity;
          },
        });
        for (const level of [0, 1, 2]) bundle.give(level, 60);
        await bundle.container.start();
        await until(() => ended === 180);
        await bundle.container.stop();
        assert.equal(tooMany, 0);
        const { levels } = bundle.container.metrics();
        assert.ok(levels.every(({ processed, abandoned }) => processed === 60 && abandoned === 0));
        assert.ok(addsUp(bundle));
      }),
      { numRuns: 40 },
    );
  });
});
