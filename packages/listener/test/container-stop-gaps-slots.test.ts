import assert from 'node:assert/strict';
import { AsyncTaskExecutor, TimeoutTaskExecutor } from '@hearken/executor';
import type { TaskExecutor } from '@hearken/core';
import { eventLoopTurn, FakeTaskExecutor, ManualClock } from '@hearken/testing';
import type { StopReport } from '../dist/index.js';
import { keyed, started, until, type Bundle, type Call } from './setup.js';

/** Has offset 0 (a) end, and 2 (b) too unless told otherwise; 1 (a) starts once commits are let, if it finds a slot. */
async function withGap(properties: Parameters<typeof started>[0]): Promise<Gap> {
  const bundle = await started({ ordering: 'key', ackMode: 'record', syncCommits: true, ...properties });
  const answer = bundle.factory.consumer.holdCommits();
  bundle.give(0, ...keyed('a', 'a', 'b'));
  (await bundle.listener.call('0/0')).end();
  const newest = await bundle.listener.call('0/2');
  const letCommits = async (): Promise<void> => {
    answer();
    await until(() => (bundle.committed(0) ?? 0) > 0);
    await eventLoopTurn();
  };
  return { ...bundle, newest, letCommits };
}

interface Gap extends Bundle {
  readonly newest: Call;
  readonly letCommits: () => Promise<void>;
}

/** Two slots, taken by listeners of another partition, and a gap in the first that could be closed. */
async function withTakenSlots(): Promise<Gap & { readonly x: Call; readonly y: Call }> {
  const bundle = await withGap({ concurrency: 2 });
  bundle.newest.end();
  bundle.give(1, ...keyed('x', 'y'));
  const [x, y] = [await bundle.listener.call('1/0'), await bundle.listener.call('1/1')];
  await bundle.letCommits();
  return { ...bundle, x, y };
}

/** The stop that this listener asks for, when it waits for the others. */
async function waiting(clock: ManualClock, { context }: Call): Promise<{ readonly report: Promise<StopReport> }> {
  const report = context.container.stop({ timeoutMs: 7 });
  await until(() => clock.nextDueInMs === 7);
  return { report };
}

/** No test here moves the clock: a stop that waits for its time to be over never ends. */
describe('MessageListenerContainer: a stop that closes gaps, and listeners that await it', () => {
  const executors: Readonly<Record<string, () => TaskExecutor | undefined>> = {
    'of the container': () => undefined,
    'of an executor that sees every record': () => new FakeTaskExecutor({ concurrency: 1, unit: 'record' }),
    'behind a gate': () =>
      new TimeoutTaskExecutor(
        new AsyncTaskExecutor({ concurrency: 1 }),
        { timeoutMs: 60_000 },
        { clock: new ManualClock() },
      ),
  };
  for (const [which, executor] of Object.entries(executors)) {
    it(`does not wait for what finds no slot, as one of them has the only one ${which}`, async () => {
      const taskExecutor = executor();
      const { container, newest, letCommits, listener, committed } = await withGap(
        taskExecutor === undefined ? { concurrency: 1 } : { taskExecutor },
      );
      await letCommits();
      const { drained } = await newest.context.container.stop();
      assert.deepEqual([drained, committed(0), listener.order], [true, 1, ['0/0', '0/2']]);
      newest.end();
      await container.finished;
    });
  }

  it('ends when the last of them takes the last slot', async () => {
    const { clock, x, y, listener, committed } = await withTakenSlots();
    const { report } = await waiting(clock, x);
    void y.context.container.stop();
    assert.equal((await report).drained, false, '0/2 ended, and comes again');
    assert.deepEqual([committed(0), listener.order.includes('0/1')], [1, false]);
  });

  it('waits for what starts as the last of them ends', async () => {
    const { clock, x, y, listener, committed } = await withTakenSlots();
    const { report } = await waiting(clock, y);
    void x.context.container.stop();
    x.end();
    const late = await listener.call('0/1');
    await eventLoopTurn();
    late.end();
    assert.equal((await report).drained, true);
    assert.equal(committed(0), 3);
  });

  it('ends when the other slot is taken away', async () => {
    const { container, clock, x, y, listener } = await withTakenSlots();
    const { report } = await waiting(clock, x);
    container.concurrency = 1;
    y.end();
    assert.equal((await report).drained, false);
    assert.equal(listener.order.includes('0/1'), false);
  });

  it('closes them where another slot comes free', async () => {
    const { clock, x, y, listener, committed } = await withTakenSlots();
    const { report } = await waiting(clock, y);
    x.end();
    (await listener.call('0/1')).end();
    assert.equal((await report).drained, true);
    assert.equal(committed(0), 3);
  });

  it('waits for what starts as one of them returns, while another one runs', async () => {
    const { clock, give, listener, committed } = await started({ ordering: 'key' });
    give(0, ...keyed('a', 'b', 'a', 'b'));
    give(1, ...keyed('x'));
    const asking = await listener.call('0/0');
    (await listener.call('0/1')).end();
    (await listener.call('0/3')).end();
    const other = await listener.call('1/0');
    const { report } = await waiting(clock, asking);
    asking.end();
    const late = await listener.call('0/2');
    other.end();
    await eventLoopTurn();
    late.end();
    assert.equal((await report).drained, true);
    assert.equal(committed(0), 4);
  });

  it('does not wait for a record without a key that may not run beside one of them', async () => {
    const { give, listener, committed } = await started({ ordering: 'key', nullKey: 'single' });
    give(0, ...keyed(null));
    const asking = await listener.call('0/0');
    give(1, ...keyed(null, 'b'));
    (await listener.call('1/1')).end();
    await asking.context.container.stop();
    assert.equal(committed(1), 0);
  });
});
