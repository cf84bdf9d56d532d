import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import type { DispatchPolicy, DispatchPolicyFactory } from '../../dist/index.js';
import { addsUp, counts, setup, started, stopped, until, type Bundle } from './setup.js';

/** Ends what runs, the oldest first, until so many have started. */
async function dispatched({ listener }: Bundle, total: number): Promise<string> {
  for (let ended = 0; listener.order.length < total; ended++) {
    await until(() => listener.calls.items.length > ended);
    const { length } = listener.order;
    listener.calls.items[ended]?.end();
    await until(() => listener.order.length > length);
  }
  return listener.order.slice(0, total);
}

describe('PriorityListenerContainer: who is next', () => {
  it('starts by weight where all levels have records, whichever came first', async () => {
    const bundle = setup({ capacity: 7 });
    const { container, give } = bundle;
    for (const level of container.levels) level.pause();
    for (const level of [0, 1, 2]) give(level, 100);
    await container.start();
    await until(() => container.levels.every(({ isReady }) => isReady));
    container.level(0).resume(); // takes all slots
    await until(() => bundle.listener.order === '0000000');
    for (const level of container.levels) level.resume();
    const shares = counts((await dispatched(bundle, 77)).slice(7));
    [10, 20, 40].forEach((due, level) => assert.ok(Math.abs((shares[level] ?? 0) - due) <= 1, shares.join()));
    await stopped(bundle);
  });

  it('decides when a slot is free, and not before: an urgent record is next although others came first', async () => {
    const bundle = await started({ capacity: 2, policy: 'strict', starvation: 'allow' });
    const { listener, container, give } = bundle;
    give(0, 100);
    await until(() => listener.order === '00');
    give(2, 1);
    await until(() => container.level(2).isReady);
    (await listener.call('0:0/0')).end();
    await until(() => listener.order.length === 3);
    assert.equal(listener.order, '002');
    assert.deepEqual(container.explain(), {
      priority: 2,
      name: '2',
      policy: 'strict',
      reason: 'no level above it was ready, and no minShare was due',
      ready: ['2', '0'],
    });
    await stopped(bundle);
    assert.ok(addsUp(bundle));
  });

  it('leaves nothing over for the next turn where there is one level and its listener is quick', async () => {
    const left: number[] = [];
    const { clock, container, give } = setup({ levels: 1, capacity: 4, listener: () => clock.advance(0.002) });
    await container.start();
    give(0, 20_000);
    for (let processed = 0; processed < 20_000;) {
      await eventLoopTurn();
      const [level] = container.metrics().levels;
      processed = level!.processed;
      left.push(level!.queued);
    }
    await container.stop();
    assert.ok(left.length > 10, `${left.length} turns`);
    assert.deepEqual(
      left.slice(-5).filter((queued) => queued > 0),
      [],
    );
  });

  it('gives nothing to those below while a level has a backlog, though its listeners use up one time slice after the other', async () => {
    const order: number[] = [];
    const { clock, container, give } = setup({
      policy: 'strict',
      starvation: 'allow',
      listener: (_record, _context, { priority }) => {
        order.push(priority);
        clock.advance(0.01);
      },
    });
    for (const level of container.levels) level.pause();
    for (const level of [0, 2]) give(level, 4_000);
    await container.start();
    await until(() => container.levels.filter(({ isReady }) => isReady).length === 2);
    for (const level of [2, 0]) container.level(level).resume();
    await until(() => order.length === 8_000);
    await container.stop();
    assert.equal(order.indexOf(0), 4_000);
  });

  it('leaves no slot free while a record may start, whatever the weights', async () => {
    const bundle = await started({ capacity: 50 });
    bundle.give(0, 60);
    await until(() => bundle.listener.order.length === 50);
    assert.deepEqual(counts(bundle.listener.order), [50, 0, 0]);
    assert.equal(bundle.container.metrics().slots, 50);
    await stopped(bundle);
  });

  it('shares by weight where listeners end at once, however small the buffers', async () => {
    const order: number[] = [];
    const { container, give } = setup({
      capacity: 7,
      buffer: { records: 300 },
      listener: (_record, _context, { priority }) => void order.push(priority),
    });
    for (const level of [0, 1, 2]) give(level, 7_000);
    await container.start();
    await until(() => order.length === 21_000);
    const whileAllHad = order.slice(0, order.lastIndexOf(2));
    const [, , urgent = 0] = counts(whileAllHad.join(''));
    assert.ok(Math.abs(urgent / whileAllHad.length - 4 / 7) < 0.01, `${urgent} of ${whileAllHad.length}`);
    await container.stop();
  });

  it('shares by weight where listeners end in a microtask', async () => {
    const order: number[] = [];
    const { container, give } = setup({
      capacity: 7,
      listener: async (_record, _context, { priority }) => {
        order.push(priority);
        await Promise.resolve();
      },
    });
    for (const level of [0, 1, 2]) give(level, 7_000);
    await container.start();
    await until(() => order.length === 21_000);
    const whileAllHad = order.slice(0, order.lastIndexOf(2));
    const [, , urgent = 0] = counts(whileAllHad.join(''));
    assert.ok(Math.abs(urgent / whileAllHad.length - 4 / 7) < 0.01, `${urgent} of ${whileAllHad.length}`);
    await container.stop();
  });

  it('asks nobody where there is one level', async () => {
    const { container, give } = setup({
      levels: 1,
      policy: () => ({ name: 'mute', next: () => assert.fail('asked'), started: () => assert.fail('told') }),
      listener: () => undefined,
    });
    give(0, 3);
    await container.start();
    await until(() => container.metrics().levels[0]?.processed === 3);
    assert.equal(container.explain()?.reason, 'no other level was ready');
    await container.stop();
    await container.finished;
  });

  it('asks a policy of the user, and tells it what started and ended', async () => {
    const told: string[] = [];
    const policy: DispatchPolicyFactory = ({ weights, capacity }): DispatchPolicy => {
      told.push(`${weights.join()} of ${capacity}`);
      return {
        name: 'least urgent first',
        next: (ready) => Math.log2(ready & -ready),
        started: (level) => void told.push(`+${level}`),
        ended: (level) => void told.push(`-${level}`),
      };
    };
    const { container, give } = setup({ capacity: 7, policy, listener: () => undefined });
    for (const level of [0, 1, 2]) give(level, 1);
    await container.start();
    await until(() => told.length === 7);
    assert.equal(told[0], '1,2,4 of 7');
    assert.deepEqual(told.slice(1).toSorted(), ['+0', '+1', '+2', '-0', '-1', '-2']);
    for (const level of [0, 1, 2]) assert.ok(told.indexOf(`+${level}`) < told.indexOf(`-${level}`));
    await container.stop();
  });
});
