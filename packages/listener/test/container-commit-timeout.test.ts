import assert from 'node:assert/strict';
import { CommitFailedError, type TopicPartitionOffsets } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn } from '@hearken/testing';
import { addsUp, distinct, keyed, started, tp, until, type Bundle } from './setup.js';

/** Of a commit, when it is written and when, or with what, it is answered are two things. */
interface AskedCommit {
  readonly offsets: TopicPartitionOffsets;
  readonly write: () => void;
  readonly answer: () => void;
  readonly refuse: (error: Error) => void;
}

/** Commits from now on, which the test writes and answers. */
function byHand({ factory, log }: Bundle): AskedCommit[] {
  const asked: AskedCommit[] = [];
  factory.consumer.commit = (offsets) => {
    const { promise, resolve, reject } = deferred();
    asked.push({ offsets, write: () => log.commit('g', offsets), answer: resolve, refuse: reject });
    return promise;
  };
  return asked;
}

/** Of two records of partition 0, that ended, the commit was not answered in time; then the partition, paused, was sought to its first. */
async function soughtAfterTimeOut(): Promise<{ bundle: Bundle; asked: AskedCommit[]; late: AskedCommit }> {
  const bundle = await started({ commitTimeoutMs: 5_000 });
  const { container, listener, give, clock } = bundle;
  const asked = byHand(bundle);
  give(0, ...keyed('a', 'b'));
  (await listener.call('0/0')).end();
  (await listener.call('0/1')).end();
  await until(() => asked.length === 1 || (clock.advance(10), false));
  clock.advance(5_000);
  await until(() => container.metrics().commitFailures === 1);
  container.pause([tp(0)]);
  await container.seek(tp(0), 0);
  await until(() => asked.length === 2 || (clock.advance(10), false));
  return { bundle, asked, late: asked[0]! };
}

describe('MessageListenerContainer: a commit that is never answered', () => {
  it('is timed as long as it is waited for, as one that is answered or refused is', async () => {
    const bundle = await started({ commitTimeoutMs: 5_000 });
    const { container, listener, give, clock } = bundle;
    const before = container.metrics();
    const asked = byHand(bundle);
    const took: number[] = [];
    for (const [offset, ms, end] of [
      [0, 70, 'answer'],
      [1, 5_000, 'hang'],
      [1, 300, 'refuse'],
      [1, 30, 'answer'],
    ] as const) {
      const number = asked.length;
      if (number < 2) {
        give(0, ...keyed('a'));
        (await listener.call(`0/${offset}`)).end();
      }
      await until(() => asked.length > number || (clock.advance(1), false));
      clock.advance(ms);
      if (end === 'answer') asked[number]!.answer();
      if (end === 'refuse') asked[number]!.refuse(new Error('no broker'));
      took.push(ms);
      await until(() => container.metrics().commitRequests === before.commitRequests + took.length);
    }
    const { commitTimeMs, longestCommitTimeMs } = container.metrics();
    assert.deepEqual([commitTimeMs - before.commitTimeMs, longestCommitTimeMs], [5_400, 5_000]);
    await container.stop();
  });

  it('has failed after commitTimeoutMs, and is repeated', async () => {
    const { container, listener, give, clock, factory, events, committed } = await started({ commitTimeoutMs: 5_000 });
    const failed = events('commit:failed');
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    const calls = factory.consumer.commitCalls.count;
    await until(() => factory.consumer.commitCalls.count > calls || (clock.advance(10), false));
    clock.advance(4_999);
    assert.equal(failed.count, 0);
    clock.advance(1);
    await failed.received(1);
    assert.equal((failed.last?.error as { code?: unknown }).code, 'COMMIT_TIMED_OUT');
    assert.equal(container.metrics().commitFailures, 1);
    letGo(); // the answer comes after all: what it wrote may have gone over what was written since
    await until(() => committed(0) === 1);
    assert.equal(container.snapshot().partitions[0]?.committed, undefined, 'nobody knows');
    await until(() => container.snapshot().partitions[0]?.committed === 1 || (clock.advance(100), false));
    await container.stop();
  });

  it('holds up no lane that waits for its commit for longer than that', async () => {
    const bundle = await started({ ackMode: 'record', syncCommits: true, commitTimeoutMs: 5_000 });
    const { container, listener, give, clock, factory } = bundle;
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    await until(() => clock.nextDueInMs === 5_000);
    clock.advance(5_000);
    letGo();
    await until(() => container.metrics().commitFailures === 1);
    await until(() => listener.calls.count === 2 || (clock.advance(100), false));
    (await listener.call('0/1')).end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('holds up no revoke: the partition goes in bounded time', async () => {
    const bundle = await started({ commitTimeoutMs: 5_000 });
    const { container, listener, give, clock, factory } = bundle;
    factory.consumer.holdCommits();
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await until(() => container.metrics().processed === 1);
    const startedAt = clock.monotonic();
    let isGone = false;
    void factory.consumer.rebalance({ revoke: [tp(0)], assign: [] }).then(() => (isGone = true));
    await until(() => isGone || (clock.advance(100), false));
    assert.ok(clock.monotonic() - startedAt <= 2 * 5_000 + 200, `${clock.monotonic() - startedAt} ms`);
    assert.deepEqual(container.assignment(), [tp(1)]);
    let isStopped = false;
    void container.stop().then(() => (isStopped = true));
    await until(() => isStopped || (clock.advance(100), false));
    assert.ok(addsUp(bundle));
  });

  it('holds up no stop: it is given up a second after the listeners', async () => {
    const bundle = await started({ shutdownTimeoutMs: 2_000 });
    const { container, listener, give, clock, factory } = bundle;
    factory.consumer.holdCommits();
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await until(() => container.metrics().processed === 1);
    const startedAt = clock.monotonic();
    let isStopped = false;
    const stopping = container.stop().then((report) => {
      isStopped = true;
      return report;
    });
    await until(() => isStopped || (clock.advance(100), false));
    assert.ok(clock.monotonic() - startedAt <= 3_100, `${clock.monotonic() - startedAt} ms`);
    const { drained, committed } = await stopping;
    assert.equal(drained, false);
    assert.deepEqual(
      committed,
      [
        { ...tp(0), offset: 0 },
        { ...tp(1), offset: 0 },
      ],
      'what is known to be written',
    );
  });
});

describe('MessageListenerContainer: a commit that is answered too late', () => {
  it('leaves what was sought since committed', async () => {
    const { bundle, asked, late } = await soughtAfterTimeOut();
    const { container, clock, committed } = bundle;
    asked[1]?.write();
    asked[1]?.answer();
    await until(() => container.snapshot().partitions[0]?.committed === 0);
    late.write();
    late.answer();
    await until(() => asked.length === 3 || (clock.advance(10), false));
    assert.deepEqual(asked[2]?.offsets, [{ ...tp(0), offset: 0 }]);
    asked[2].write();
    asked[2].answer();
    await until(() => container.snapshot().partitions[0]?.committed === 0);
    assert.equal(committed(0), 0);
  });

  it('does so too if it was refused for another partition only', async () => {
    const { bundle, asked, late } = await soughtAfterTimeOut();
    const { container, clock } = bundle;
    asked[1]?.answer();
    await until(() => container.snapshot().partitions[0]?.committed === 0);
    const code = 'TOPIC_AUTHORIZATION_FAILED';
    late.refuse(new CommitFailedError('some', { code, partitions: [{ ...tp(1), code }] }));
    await until(() => asked.length === 3 || (clock.advance(10), false));
    assert.deepEqual(asked[2]?.offsets, [{ ...tp(0), offset: 0 }]);
  });

  it('lets nobody believe the commit that is on its way then: it is repeated, before a partition is given up too', async () => {
    const { bundle, asked, late } = await soughtAfterTimeOut();
    const { container, factory, events, committed } = bundle;
    const told = events('offsets:committed');
    let isGone = false;
    void factory.consumer.rebalance({ revoke: [tp(0)], assign: [] }).then(() => (isGone = true));
    asked[1]?.write();
    late.write();
    late.answer();
    await eventLoopTurn();
    asked[1]?.answer();
    await until(() => asked.length === 3);
    assert.deepEqual([told.count, isGone], [0, false]);
    asked[2]?.write();
    asked[2]?.answer();
    await until(() => isGone);
    assert.equal(committed(0), 0);
    assert.deepEqual(container.assignment(), [tp(1)]);
  });
});

describe('MessageListenerContainer: commits without end', () => {
  it('keep no revoke waiting: what it writes comes next', async () => {
    const bundle = await started({ ackMode: 'manual-immediate', ordering: 'none', concurrency: 1_000 });
    const { container, listener, give, factory } = bundle;
    give(1, ...distinct(1_000));
    await listener.calls.received(1_000);
    const open = [...listener.calls.items];
    const { consumer } = factory;
    const commit = consumer.commit.bind(consumer);
    consumer.commit = async (offsets) => {
      await eventLoopTurn();
      open.shift()?.context.acknowledgment.acknowledge(); // something to commit at once, as soon as this is written
      await commit(offsets);
    };
    open.shift()?.context.acknowledgment.acknowledge();
    await until(() => open.length < 990);
    await consumer.rebalance({ revoke: [tp(0)], assign: [] });
    assert.ok(open.length > 900, `it took ${1_000 - open.length} commits`);
    for (const { context, end } of listener.calls.items) {
      context.acknowledgment.acknowledge();
      end();
    }
    await container.stop();
    assert.equal(bundle.committed(1), 1_000);
    assert.ok(addsUp(bundle));
  });
});
