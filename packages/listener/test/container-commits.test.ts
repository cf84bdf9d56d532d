import assert from 'node:assert/strict';
import { CommitFailedError, KafkaError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until } from './setup.js';

describe('MessageListenerContainer: commits', () => {
  it('commits the position where the group had none, before the first record', async () => {
    const bundle = setup();
    const { container, log, factory, give, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    log.commit('g', [{ ...tp(1), offset: 0 }]);
    await container.start();
    assert.equal(committed(0), 0);
    assert.deepEqual(factory.consumer.commits.items, [[{ ...tp(0), offset: 0 }]], 'not what was committed already');
    await stopNow(bundle);
  });

  it('commits no position before a record has ended, if told so, but where it was sought', async () => {
    const bundle = await started({ assignmentCommitOption: 'never' });
    const { container, listener, give, clock, factory, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    const first = await listener.call('0/0');
    clock.advance(1_000);
    await eventLoopTurn();
    assert.equal(factory.consumer.commitCalls.count, 0);
    first.end();
    await until(() => committed(0) === 1 || (clock.advance(100), false));
    assert.equal(committed(1), undefined);
    await container.seekToEnd([tp(1)]);
    await until(() => committed(1) === 0 || (clock.advance(100), false));
    await stopNow(bundle);
  });

  it('commits in the background, everything that ended, at most every commitIntervalMs', async () => {
    const { container, listener, give, clock, factory, committed } = await started({ ordering: 'key' });
    const { commits } = factory.consumer;
    const before = commits.count;
    clock.advance(1_000);
    give(0, ...keyed('a', 'b', 'c'));
    (await listener.call('0/0')).end();
    await until(() => container.metrics().processed === 1);
    clock.advance(0);
    await commits.received(before + 1);
    assert.equal(committed(0), 1);
    (await listener.call('0/2')).end();
    await until(() => container.metrics().processed === 2);
    clock.advance(99);
    await eventLoopTurn();
    assert.equal(commits.count, before + 1, 'not past the unfinished record, and not before its time');
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 3);
    clock.advance(1);
    await commits.received(before + 2);
    assert.equal(committed(0), 3);
    await container.stop();
  });

  it('has one commit in flight; what ends meanwhile goes with the next', async () => {
    const { container, listener, give, clock, factory, committed } = await started({ commitIntervalMs: 0 });
    const { commitCalls } = factory.consumer;
    const before = commitCalls.count;
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a', 'b', 'c'));
    (await listener.call('0/0')).end();
    await until(() => clock.nextDueInMs === 0);
    clock.advance(0);
    await commitCalls.received(before + 1);
    (await listener.call('0/1')).end();
    (await listener.call('0/2')).end();
    await until(() => container.metrics().processed === 3);
    clock.advance(1_000);
    await eventLoopTurn();
    assert.equal(commitCalls.count, before + 1);
    letGo();
    await until(() => committed(0) === 1 && clock.nextDueInMs === 0);
    clock.advance(0);
    await commitCalls.received(before + 2);
    await until(() => committed(0) === 3);
    assert.equal(commitCalls.count, before + 2);
    await container.stop();
  });

  it('keeps what could not be committed, tries again later and later, and says so', async () => {
    const { container, listener, give, clock, factory, committed, events, logger } = await started();
    const failed = events('commit:failed');
    const error = new KafkaError('coordinator gone', { code: 'COORDINATOR_NOT_AVAILABLE', retriable: true });
    factory.consumer.failCommits(error, 2);
    clock.advance(1_000);
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await until(() => clock.nextDueInMs === 0);
    clock.advance(0);
    await failed.received(1);
    assert.deepEqual(failed.items, [{ offsets: [{ ...tp(0), offset: 1 }], error }]);
    for (const waits of [500, 1_000]) {
      await until(() => clock.nextDueInMs !== undefined);
      assert.ok(clock.nextDueInMs! >= waits / 2 && clock.nextDueInMs! <= waits, `${clock.nextDueInMs}`);
      clock.advance(clock.nextDueInMs!);
      await until(() => failed.count === 2 || committed(0) === 1);
    }
    await until(() => committed(0) === 1);
    assert.equal(logger.at('warn').length, 2);
    assert.equal(container.metrics().commitFailures, 2);
    await container.stop();
  });

  it('keeps only what was refused when the error names it', async () => {
    const { container, listener, give, factory, clock } = await started();
    clock.advance(1_000);
    give(0, ...keyed('a'));
    give(1, ...keyed('b'));
    for (const at of ['0/0', '1/0']) (await listener.call(at)).end();
    await until(() => container.metrics().processed === 2);
    const code = 'TOPIC_AUTHORIZATION_FAILED';
    factory.consumer.failCommits(new CommitFailedError('one of two', { code, partitions: [{ ...tp(1), code }] }));
    clock.advance(0);
    await until(() => container.metrics().commitFailures === 1);
    const { partitions } = container.snapshot();
    assert.deepEqual(
      partitions.map(({ committed }) => committed),
      [1, 0],
    );
    await container.stop();
    assert.deepEqual(factory.consumer.commits.last, [{ ...tp(1), offset: 1 }]);
  });

  it('commits past offsets without records, so that lag reaches 0', async () => {
    const { container, listener, give, log, committed, clock } = await started();
    clock.advance(1_000);
    give(0, ...keyed('a'));
    log.skip('t', 0, 1);
    (await listener.call('0/0')).end();
    log.skip('t', 0, 2);
    await until(() => {
      clock.advance(0);
      return container.snapshot().partitions[0]?.position === 4;
    });
    clock.advance(200);
    await until(() => committed(0) === 4);
    await container.stop();
  });

  it('passes the leader epoch on', async () => {
    const { container, factory, listener, give } = await started();
    const poll = factory.consumer.poll.bind(factory.consumer);
    factory.consumer.poll = async (...args) => {
      const records = await poll(...args);
      for (const batch of records.partitions) Object.assign(batch, { leaderEpoch: 6 });
      return records;
    };
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    give(0, ...keyed('b'));
    (await listener.call('0/1')).end();
    await container.stop();
    assert.deepEqual(factory.consumer.commits.last, [{ ...tp(0), offset: 2, leaderEpoch: 6 }]);
  });
});

describe('MessageListenerContainer: syncCommits', () => {
  const properties = { ackMode: 'record', syncCommits: true, ordering: 'key' } as const;

  it('goes on with a lane when its record is committed; others need not wait', async () => {
    const { container, listener, give, factory, committed } = await started({ ...properties, concurrency: 1 });
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a', 'a', 'b'));
    (await listener.call('0/0')).end();
    await listener.call('0/2'); // one slot only, and it is free while the first lane waits
    assert.deepEqual(listener.order, ['0/0', '0/2']);
    letGo();
    await until(() => committed(0) === 1);
    (await listener.call('0/2')).end();
    (await listener.call('0/1')).end();
    await until(() => committed(0) === 3);
    assert.deepEqual(listener.order, ['0/0', '0/2', '0/1']);
    await container.stop();
  });

  it('waits for the records before it too', async () => {
    const { container, listener, give, committed } = await started(properties);
    give(0, ...keyed('a', 'b', 'b'));
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 1);
    await eventLoopTurn();
    assert.equal(listener.calls.count, 2, 'offset 1 cannot be committed before offset 0 has ended');
    (await listener.call('0/0')).end();
    (await listener.call('0/2')).end();
    await until(() => committed(0) === 3);
    await container.stop();
  });

  it('waits no longer when the partition is revoked', async () => {
    const bundle = await started(properties);
    const { container, listener, give, factory } = bundle;
    factory.consumer.failCommits(new Error('never'), 100);
    give(0, ...keyed('a', 'a'));
    (await listener.call('0/0')).end();
    await until(() => container.metrics().commitFailures === 1);
    await factory.consumer.rebalance({ revoke: [tp(0)] });
    assert.equal(listener.calls.count, 1);
    assert.equal((await container.stop()).drained, true);
    assert.ok(addsUp(bundle));
  });
});

describe('MessageListenerContainer: manual acknowledgment', () => {
  it('commits what is acknowledged, in any order, also after the listener returned', async () => {
    const bundle = await started({ ackMode: 'manual' });
    const { container, listener, give, committed, clock } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    for (const at of ['0/0', '0/1', '0/2']) (await listener.call(at)).end(); // the lane goes on without acknowledgments
    await until(() => container.metrics().running === 0);
    assert.equal(container.metrics().processed, 0);
    assert.equal(container.snapshot().partitions[0]?.oldestOutstanding, 0);
    const acks = await Promise.all(
      ['0/0', '0/1', '0/2'].map(async (at) => (await listener.call(at)).context.acknowledgment),
    );
    acks[2]!.acknowledge();
    acks[0]!.acknowledge();
    acks[0]!.acknowledge(); // once is enough
    assert.equal(container.metrics().processed, 2);
    clock.advance(1_000);
    await until(() => committed(0) === 1);
    const report = await container.stop();
    assert.equal(report.abandoned, 1, 'what was not acknowledged comes again');
    acks[1]!.acknowledge();
    assert.equal(container.metrics().lateAcknowledgments, 1);
    assert.equal(committed(0), 1);
    assert.ok(addsUp(bundle));
  });

  it('neither retries nor hides a failure after the acknowledgment', async () => {
    const { container, listener, give, logger, committed } = await started({ ackMode: 'manual' });
    give(0, ...keyed('a', 'b'));
    const call = await listener.call('0/0');
    call.context.acknowledgment.acknowledge();
    call.fail(new Error('too late'));
    (await listener.call('0/1')).end();
    assert.equal(logger.at('warn').length, 1);
    await container.stop();
    assert.equal(committed(0), 1);
    assert.equal(listener.calls.count, 2);
  });

  it('holds back the polling of a partition whose records are not acknowledged', async () => {
    const bundle = await started({ ackMode: 'manual', windowRecords: 3, maxPollRecords: 1 });
    const { container, listener, give, events } = bundle;
    const filled = events('window:filled');
    give(0, ...distinct(8));
    for (const at of ['0/0', '0/1', '0/2']) (await listener.call(at)).end();
    await filled.received(1);
    await eventLoopTurn();
    assert.equal(container.metrics().polled, 3);
    (await listener.call('0/0')).context.acknowledgment.acknowledge();
    (await listener.call('0/3')).end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });
});
