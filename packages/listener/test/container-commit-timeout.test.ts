import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { addsUp, distinct, keyed, started, tp, until } from './setup.js';

describe('MessageListenerContainer: a commit that is never answered', () => {
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
