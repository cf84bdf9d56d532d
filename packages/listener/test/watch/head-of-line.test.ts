import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, type ManualClock } from '@hearken/testing';
import { isBlocked } from '../../dist/watch/head-of-line.js';
import { addsUp, distinct, keyed, started, tp, until } from '../setup.js';

const LIMITS = { windowRecords: 100, blockedSpanRatio: 0.9, blockedEndedRatio: 0.98 };

/** The loop turns, and looks. */
async function turn(clock: ManualClock): Promise<void> {
  clock.advance(5_000); // its poll is over
  await eventLoopTurn();
  await eventLoopTurn();
}

/** A container whose listeners of key `slow` end when they are told to, all others at once. */
async function blocking(properties: Parameters<typeof started>[0] = {}) {
  const gates: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  const bundle = await started(
    {
      ordering: 'key',
      windowRecords: LIMITS.windowRecords,
      listener: ({ key }) => {
        if (key?.toString() !== 'slow') return undefined;
        const gate = deferred();
        gates.push(gate);
        return gate.promise;
      },
      ...properties,
    },
    { partitions: [tp(0)] },
  );
  const [blocked, unblocked] = [bundle.events('partition:blocked'), bundle.events('partition:unblocked')];
  return { ...bundle, gates, blocked, unblocked };
}

describe('a record that blocks its partition', () => {
  it('is one behind which nearly all of the window has nearly all ended', () => {
    assert.equal(isBlocked({ span: 91, outstanding: 1 }, LIMITS), true);
    assert.equal(isBlocked({ span: 90, outstanding: 1 }, LIMITS), false, 'not yet more than 90 %');
    assert.equal(isBlocked({ span: 100, outstanding: 2 }, LIMITS), false, 'not more than 98 % ended');
    assert.equal(isBlocked({ span: 101, outstanding: 2 }, LIMITS), true);
    assert.equal(isBlocked({ span: 0, outstanding: 0 }, LIMITS), false);
    assert.equal(
      isBlocked({ span: 51, outstanding: 10 }, { ...LIMITS, blockedSpanRatio: 0.5, blockedEndedRatio: 0.8 }),
      true,
    );
  });

  it('is told once, counted, and a reason of health, until it has ended', async () => {
    const bundle = await blocking();
    const { container, give, clock, gates, blocked, unblocked, logger } = bundle;
    give(0, ...keyed('slow'), ...distinct(90));
    await until(() => container.metrics().processed === 90);
    await turn(clock);
    assert.equal(blocked.count, 1);
    const { record, ...block } = blocked.items[0]!;
    assert.deepEqual(block, { ...tp(0), offset: 0, attempt: 1, ageMs: 5_000, span: 91, outstanding: 1 });
    assert.equal(record?.key?.toString(), 'slow');
    assert.equal(container.metrics().blocked, 1);
    const { live, ready, status, reasons } = container.health();
    assert.deepEqual([live, ready, status, reasons[0]?.code], [true, true, 'degraded', 'PARTITION_BLOCKED']);
    assert.match(reasons[0]?.message ?? '', /t-0@0/);
    await turn(clock);
    assert.deepEqual([blocked.count, unblocked.count], [1, 0]);
    assert.equal(logger.at('warn').filter(({ message }) => message.includes('blocks')).length, 1);
    gates[0]?.resolve();
    await until(() => container.metrics().processed === 91);
    await turn(clock);
    assert.deepEqual(unblocked.items, [{ ...tp(0), offset: 0 }]);
    assert.deepEqual([container.metrics().blocked, container.health().status], [0, 'up']);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('is told again when it is the next one', async () => {
    const { container, give, clock, gates, blocked, unblocked } = await blocking();
    give(0, ...keyed('slow', 'slow'), ...distinct(98));
    await until(() => container.metrics().processed === 98);
    await turn(clock);
    assert.equal(blocked.count, 0, '98 % and no more have ended');
    gates[0]?.resolve();
    await until(() => container.metrics().processed === 99);
    await turn(clock);
    gates[1]?.resolve();
    await until(() => container.metrics().processed === 100);
    give(0, ...keyed('slow'), ...distinct(95));
    await until(() => container.metrics().processed === 195);
    await turn(clock);
    assert.deepEqual(
      blocked.items.map(({ offset }) => offset),
      [1, 100],
    );
    assert.deepEqual(unblocked.items, [{ ...tp(0), offset: 1 }]);
    gates[2]?.resolve();
    await container.stop();
  });

  it('is found where it waits to be tried again, and where it waits for an acknowledgment', async () => {
    const errorHandler = { decide: () => ({ action: 'retry' as const, delayMs: 60_000 }) };
    const retried = await blocking({ errorHandler });
    retried.give(0, ...keyed('slow'), ...distinct(95));
    await until(() => retried.gates.length === 1);
    retried.gates[0]?.reject(new Error('no'));
    await until(() => retried.container.metrics().processed === 95);
    await turn(retried.clock);
    assert.deepEqual([retried.blocked.last?.attempt, retried.blocked.last?.record?.offset], [2, 0]);
    await retried.container.stop();

    const manual = await blocking({
      ackMode: 'manual',
      listener: ({ offset }, { acknowledgment }) => (offset === 0 ? undefined : acknowledgment.acknowledge()),
    });
    manual.give(0, ...distinct(95));
    await until(() => manual.container.metrics().processed === 94);
    await turn(manual.clock);
    const { offset, record, attempt } = manual.blocked.last!;
    assert.deepEqual({ offset, record, attempt }, { offset: 0, record: undefined, attempt: undefined });
    await manual.container.stop();
  });

  it('is no concern any more when its partition is given up', async () => {
    const { container, give, clock, gates, blocked, unblocked, factory } = await blocking();
    give(0, ...keyed('slow'), ...distinct(95));
    await until(() => container.metrics().processed === 95);
    await turn(clock);
    assert.equal(blocked.count, 1);
    const moving = factory.consumer.rebalance({ revoke: [tp(0)], assign: [] });
    gates[0]?.resolve();
    await moving;
    assert.equal(container.metrics().blocked, 0);
    await turn(clock);
    assert.equal(unblocked.count, 0);
    await container.stop();
  });

  it('is looked for no more often than ten times a second', async () => {
    const { container, give, clock, gates, blocked } = await blocking();
    give(0, ...keyed('slow'), ...distinct(50));
    await until(() => container.metrics().processed === 50);
    await turn(clock); // a look
    give(0, ...distinct(45));
    await until(() => container.metrics().processed === 95);
    give(0, ...keyed('more'));
    await until(() => container.metrics().processed === 96);
    assert.equal(blocked.count, 0);
    clock.advance(100);
    give(0, ...keyed('more'));
    await until(() => container.metrics().processed === 97);
    await until(() => blocked.count === 1);
    gates[0]?.resolve();
    await container.stop();
  });
});
