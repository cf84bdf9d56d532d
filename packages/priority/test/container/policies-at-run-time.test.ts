import assert from 'node:assert/strict';
import { counts, setup, started, stopped, until } from './setup.js';

describe('PriorityListenerContainer: changes at run time', () => {
  it('starts by the new weights from the next dispatch on', async () => {
    const order: number[] = [];
    const { container, give, events } = setup({
      capacity: 7,
      listener: (_record, _context, { priority }) => {
        order.push(priority);
        if (order.length === 3_000) container.updatePolicy({ weights: [4, 2, 1] });
      },
    });
    const changed = events('policy:changed');
    for (const level of [0, 1, 2]) give(level, 5_000);
    await container.start();
    await until(() => order.length >= 6_000);
    await container.stop();
    const [after0 = 0, after1 = 0, after2 = 0] = counts(order.slice(3_000, 3_700).join(''));
    assert.ok(Math.abs(after0 - 400) <= 4 && Math.abs(after1 - 200) <= 4 && Math.abs(after2 - 100) <= 4);
    const weights = changed.items.map(({ before, after }) => [before.weights, after.weights]);
    assert.deepEqual(weights, [
      [
        [1, 2, 4],
        [4, 2, 1],
      ],
    ]);
  });

  it('starts by the new least shares from the next dispatch on', async () => {
    const order: number[] = [];
    const { container, give, events } = setup({
      capacity: 7,
      policy: 'strict-with-floor',
      levels: [{ minShare: 0.1 }, {}, {}],
      listener: (_record, _context, { priority }) => {
        order.push(priority);
        if (order.length === 2_000) container.updatePolicy({ minShares: [0.3, 0, 0] });
      },
    });
    const changed = events('policy:changed');
    for (const level of [0, 1, 2]) give(level, 5_000);
    await container.start();
    await until(() => order.length >= 4_000);
    await container.stop();
    const [before, after] = [order.slice(500, 1_500), order.slice(2_000, 3_000)].map((part) => counts(part.join('')));
    assert.ok(Math.abs((before?.[0] ?? 0) - 100) <= 2, `${before?.join()} of 1000 with a floor of 0.1`);
    assert.ok(Math.abs((after?.[0] ?? 0) - 300) <= 2, `${after?.join()} of 1000 with a floor of 0.3`);
    assert.deepEqual([before?.[1], after?.[1]], [0, 0], 'what is left is the highest level');
    assert.deepEqual(
      changed.items.map((change) => [change.before.minShares, change.after.minShares]),
      [
        [
          [0.1, 0, 0],
          [0.3, 0, 0],
        ],
      ],
    );
    assert.throws(() => container.updatePolicy({ minShares: [0, 0, 0.3] }), /at least one level below the highest/);
  });

  it('changes the policy with what runs left alone', async () => {
    const bundle = await started({ capacity: 2 });
    const { container, give, listener } = bundle;
    give(0, 10);
    await until(() => listener.order === '00');
    give(1, 10);
    give(2, 10);
    await until(() => container.level(1).isReady && container.level(2).isReady);
    const { before, after } = container.setPolicy('strict', { starvation: 'allow' });
    assert.deepEqual([before.name, after.name], ['weighted', 'strict']);
    for (const { end } of [...listener.calls.items]) end();
    await until(() => listener.order.length === 4);
    assert.equal(listener.order, '0022');
    await stopped(bundle);
  });

  it('changes nothing if the new one cannot be', async () => {
    const { container } = setup({ capacity: 7 });
    const before = container.snapshot().policy;
    assert.throws(() => container.setPolicy('strict'), /starvation/);
    assert.throws(() => container.setPolicy('fifo' as 'strict'), { code: 'INVALID_CONFIG' });
    assert.throws(() => container.setPolicy((() => undefined) as never), { code: 'INVALID_CONFIG' });
    assert.throws(() => container.setPolicy('drr', { starvation: 'allow' }), /starvation: needs the policy 'strict'/);
    assert.throws(() => container.setPolicy('strict', { starvaton: 'allow' } as never), /did you mean 'starvation'/);
    assert.throws(() => container.updatePolicy({ weights: [1, 2] }), /weights: must be 3 numbers/);
    assert.throws(
      () => container.updatePolicy({ weights: [3, 2, 1], minShares: [0.5, 0.5, 0.5] }),
      /minShares: promise 1.5/,
    );
    assert.deepEqual(container.snapshot().policy, before);
    await container.stop();
  });

  it('starts nothing of a level that is paused, keeps what it polled, and goes on with it', async () => {
    const bundle = await started({ capacity: 5 });
    const { container, give, listener } = bundle;
    container.level(2).pause();
    give(2, 3);
    give(0, 1);
    await until(() => listener.order === '0' && container.level(2).isReady);
    assert.equal(container.metrics().levels[2]?.queued, 3);
    assert.equal(container.metrics().levels[2]?.isPaused, true);
    container.level(2).resume();
    await until(() => listener.order === '0222');
    await stopped(bundle);
  });
});
