import assert from 'node:assert/strict';
import { CommitFailedError, KafkaError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { codeOf } from '@hearken/core';
import { DefaultErrorHandler, FixedBackOff } from '../dist/index.js';
import { addsUp, distinct, keyed, started, stopNow, tp, until, type Bundle } from './setup.js';

const before = { commitBefore: true } as const;
const parallel = { ...before, ordering: 'none', concurrency: 4 } as const;

async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await eventLoopTurn();
}

/** Ends the listener of each of these. */
async function endAll({ listener }: Bundle, ...places: readonly string[]): Promise<void> {
  for (const at of places) (await listener.call(at)).end();
}

describe('MessageListenerContainer: commitBefore', () => {
  it('starts a listener when the offset past its record is written, and not before', async () => {
    const bundle = await started(before);
    const { listener, give, factory, committed, container } = bundle;
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a', 'b'));
    await until(() => factory.consumer.commitCalls.last?.[0]?.offset === 1);
    await turns();
    assert.equal(listener.calls.count, 0);
    letGo();
    const first = await listener.call('0/0');
    assert.equal(committed(0), 1, 'and not past the next one');
    await turns();
    assert.equal(listener.calls.count, 1, 'in its order');
    first.end();
    (await listener.call('0/1')).end();
    await container.stop();
    assert.equal(committed(0), 2);
    assert.equal(container.metrics().processed, 2);
    assert.ok(addsUp(bundle));
  });

  it('commits no more records than there are slots to start them', async () => {
    const bundle = await started(parallel);
    const { listener, give, committed, container } = bundle;
    give(0, ...distinct(10));
    await listener.calls.received(4);
    await turns();
    assert.equal(committed(0), 4);
    await endAll(bundle, '0/2');
    await listener.call('0/4');
    assert.equal(committed(0), 5);
    await turns();
    assert.equal(listener.calls.count, 5);
    for (let next = 0; next < 10; next++) if (next !== 2) await endAll(bundle, `0/${next}`);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('keeps the order of offsets over pause and resume, and so never waits for itself', async () => {
    const bundle = await started(parallel);
    const { listener, give, container } = bundle;
    container.pause();
    give(0, ...distinct(3));
    await until(() => container.metrics().queued === 3 || container.metrics().polled === 0);
    container.resume();
    await listener.calls.received(3);
    await endAll(bundle, '0/0', '0/1', '0/2');
    await container.stop();
  });

  it('does not start what cannot be committed; it is tried again', async () => {
    const bundle = await started(before);
    const { listener, give, factory, clock, committed, container, events } = bundle;
    const failed = events('commit:failed');
    factory.consumer.failCommits(new KafkaError('gone', { code: 'COORDINATOR_NOT_AVAILABLE', retriable: true }), 2);
    give(0, ...keyed('a'));
    await failed.received(1);
    await turns();
    assert.equal(listener.calls.count, 0);
    clock.advance(500);
    await failed.received(2);
    clock.advance(1_000);
    (await listener.call('0/0')).end();
    assert.equal(committed(0), 1);
    await container.stop();
  });

  it('gives the slots back that a refused partition would hold, and lets it go on in its order later', async () => {
    const bundle = await started(parallel);
    const { listener, give, factory, clock, committed, container, events } = bundle;
    const failed = events('commit:failed');
    const code = 'TOPIC_AUTHORIZATION_FAILED';
    const refused = (): CommitFailedError => new CommitFailedError('no', { code, partitions: [{ ...tp(0), code }] });
    factory.consumer.failCommits((offsets) =>
      offsets.some(({ partition }) => partition === 0) ? refused() : undefined,
    );
    give(0, ...distinct(9));
    await failed.received(1); // four of it are claimed, and there are four slots
    give(1, ...distinct(6));
    for (let next = 0; next < 6; next++) await endAll(bundle, `1/${next}`);
    assert.ok(listener.order.every((at) => at.startsWith('1/')));
    clock.advance(500);
    await listener.calls.received(6 + 4);
    await turns();
    assert.deepEqual([listener.calls.count, committed(0)], [10, 4], 'no more are claimed than there are slots again');
    for (let next = 0; next < 9; next++) await endAll(bundle, `0/${next}`);
    await container.stop();
    assert.deepEqual([committed(0), committed(1)], [9, 6]);
    assert.ok(addsUp(bundle));
  });

  it('goes on with a partition whose first commit, of its position, was refused', async () => {
    const bundle = await started(parallel);
    const { listener, give, factory, clock, container, committed } = bundle;
    factory.consumer.failCommits(new Error('not now'));
    await factory.consumer.rebalance({ assign: [tp(2)] });
    give(2, ...distinct(6));
    await turns();
    assert.equal(listener.calls.count, 0);
    clock.advance(500);
    for (let next = 0; next < 6; next++) await endAll(bundle, `2/${next}`);
    await container.stop();
    assert.equal(committed(2), 6);
    assert.deepEqual(listener.order.toSorted(), listener.order);
    assert.ok(addsUp(bundle));
  });

  it('neither starts nor drops what it cannot commit because the topic was deleted', async () => {
    const bundle = await started(before);
    const { listener, give, factory, container, events } = bundle;
    const code = 'UNKNOWN_TOPIC_OR_PARTITION';
    factory.consumer.failCommits(new CommitFailedError('no', { code, partitions: [{ ...tp(0), code }] }), 100);
    const failed = events('commit:failed');
    give(0, ...keyed('a'));
    await failed.received(1);
    await factory.consumer.rebalance({ lost: [tp(0)] });
    await container.stop();
    assert.equal(listener.calls.count, 0);
    assert.equal(container.metrics().abandoned, 1);
    assert.ok(addsUp(bundle));
  });

  it('lets what is committed start, also while the partition is given up', async () => {
    const bundle = await started(parallel);
    const { listener, give, factory, committed, container } = bundle;
    const letGo = factory.consumer.holdCommits();
    give(0, ...distinct(9));
    await until(() => container.metrics().polled === 9 && factory.consumer.commitCalls.last?.[0]?.offset === 4);
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await turns();
    letGo();
    await endAll(bundle, '0/0', '0/1', '0/2', '0/3');
    await revoked;
    assert.equal(committed(0), 4);
    assert.equal(listener.calls.count, 4);
    assert.equal(container.metrics().processed, 4);
    assert.equal(container.metrics().abandoned, 5);
    await container.stop();
  });

  it('commits nothing that it can no longer start', async () => {
    const bundle = await started({ ...before, revokeDrainTimeoutMs: 100 });
    const { listener, give, factory, committed, clock, container, events } = bundle;
    const failed = events('commit:failed');
    factory.consumer.failCommits(new Error('no broker'));
    give(0, ...keyed('a'));
    await failed.received(1);
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await turns();
    clock.advance(100);
    await revoked;
    assert.equal(committed(0), 0, 'it comes again');
    assert.equal(listener.calls.count, 0);
    await factory.consumer.rebalance({ assign: [tp(0)] });
    (await listener.call('0/0')).end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('says so when a record is lost because the answer came too late', async () => {
    const bundle = await started({ ...before, revokeDrainTimeoutMs: 100 });
    const { listener, give, factory, committed, clock, container, logger } = bundle;
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a'));
    await until(() => factory.consumer.commitCalls.last?.[0]?.offset === 1);
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await turns();
    clock.advance(100);
    await turns();
    letGo();
    await revoked;
    assert.equal(committed(0), 1);
    assert.equal(listener.calls.count, 0);
    assert.match(logger.at('warn')[0]?.message ?? '', /it is lost/);
    assert.equal((await container.stop()).drained, true, 'nothing is waited for any more');
    assert.equal(container.metrics().abandoned, 1);
  });

  it('waits for nothing that a seek dropped', async () => {
    const bundle = await started(before);
    const { listener, give, factory, container } = bundle;
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a', 'b'));
    await until(() => factory.consumer.commitCalls.last?.[0]?.offset === 1);
    await container.seek(tp(0), 1);
    letGo();
    await endAll(bundle, '0/1');
    assert.equal((await container.stop()).drained, true);
    assert.deepEqual(listener.order, ['0/1']);
    assert.ok(addsUp(bundle));
  });

  it('never calls a listener twice: what the error handler would try again is recovered', async () => {
    const recovered: number[] = [];
    const bundle = await started({
      ...before,
      errorHandler: new DefaultErrorHandler({
        backOff: new FixedBackOff({ intervalMs: 0, maxRetries: 9 }),
        recoverer: ({ offset }) => recovered.push(offset),
      }),
    });
    const { listener, give, container, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).fail(new Error('once'));
    await endAll(bundle, '0/1');
    await container.stop();
    assert.deepEqual(recovered, [0]);
    assert.equal(listener.calls.count, 2);
    assert.equal(committed(0), 2);
    assert.ok(addsUp(bundle));
  });

  it('stops at a failure where nobody recovers; the record does not come again', async () => {
    const bundle = await started(before);
    const { listener, give, container, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).fail(new Error('once'));
    await assert.rejects(container.finished, (error) => codeOf(error) === 'LISTENER_FAILED');
    assert.equal(committed(0), 1);
    assert.equal(listener.calls.count, 1);
  });

  it('gives up what waits for its commit when it stops and there is no broker', async () => {
    const bundle = await started(before);
    const { listener, give, factory, container, events } = bundle;
    factory.consumer.failCommits(new Error('no broker'), 100);
    const failed = events('commit:failed');
    give(0, ...keyed('a'));
    await failed.received(1);
    const { drained, abandoned } = await stopNow(bundle);
    assert.deepEqual({ drained, abandoned }, { drained: false, abandoned: 1 });
    assert.equal(listener.calls.count, 0);
    assert.equal(container.metrics().running, 0);
  });
});
