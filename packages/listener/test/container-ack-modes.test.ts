import assert from 'node:assert/strict';
import { CommitFailedError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { distinct, keyed, started, tp, until, type Bundle } from './setup.js';

/** Ends the listener of each of these records, and waits until all have ended. */
async function endAll({ listener, container }: Bundle, ...places: readonly string[]): Promise<void> {
  const { processed } = container.metrics();
  for (const at of places) (await listener.call(at)).end();
  await until(() => container.metrics().processed === processed + places.length);
}

/** The offsets of partition 0 that were committed, but for the one on assignment. */
const committedOf = ({ factory }: Bundle): number[] =>
  factory.consumer.commits.items.slice(1).flatMap((offsets) => offsets.map(({ offset }) => offset));

/** Lets time pass, and what it set off happen. */
async function pass({ clock }: Bundle, ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 3; turn++) await eventLoopTurn();
}

const unordered = { ordering: 'none', concurrency: 50 } as const;

describe("MessageListenerContainer: ackMode 'count', 'time', 'count-time'", () => {
  it('commits when a commit would cover so many records, over all partitions', async () => {
    const bundle = await started({ ...unordered, ackMode: 'count', ackCount: 3, commitIntervalMs: 0 });
    bundle.give(0, ...distinct(4));
    bundle.give(1, ...distinct(1));
    await endAll(bundle, '0/0', '1/0');
    await pass(bundle, 1_000);
    assert.deepEqual(committedOf(bundle), [], 'two are not enough');
    await endAll(bundle, '0/2', '0/3');
    await pass(bundle, 1_000);
    assert.deepEqual(committedOf(bundle), [], 'four have ended, but a commit would cover two');
    await endAll(bundle, '0/1');
    await pass(bundle, 0);
    assert.deepEqual(committedOf(bundle), [4, 1]);
    await bundle.container.stop();
  });

  it('counts anew after each commit, whatever it was for', async () => {
    const bundle = await started({ ...unordered, ackMode: 'count', ackCount: 3, commitIntervalMs: 0 });
    bundle.give(0, ...distinct(3));
    bundle.give(1, ...distinct(1));
    await endAll(bundle, '0/0', '1/0');
    await bundle.factory.consumer.rebalance({ revoke: [tp(1)] });
    assert.deepEqual(committedOf(bundle), [1], 'what is given up is written first');
    await endAll(bundle, '0/1');
    await pass(bundle, 0);
    assert.deepEqual(committedOf(bundle), [1], 'two of partition 0: that of partition 1 counts no more');
    await endAll(bundle, '0/2');
    await pass(bundle, 0);
    assert.deepEqual(committedOf(bundle), [1, 3]);
    await bundle.container.stop();
  });

  it('commits what is left over when nothing has ended for pollTimeoutMs', async () => {
    const bundle = await started({ ...unordered, ackMode: 'count', ackCount: 100, pollTimeoutMs: 500 });
    bundle.give(0, ...distinct(2));
    await endAll(bundle, '0/0');
    await pass(bundle, 400);
    await endAll(bundle, '0/1');
    await pass(bundle, 499);
    assert.deepEqual(committedOf(bundle), []);
    await pass(bundle, 1);
    assert.deepEqual(committedOf(bundle), [2]);
    await bundle.container.stop();
  });

  it('keeps commitIntervalMs between commits that are due by count', async () => {
    const bundle = await started({ ...unordered, ackMode: 'count', ackCount: 1 });
    bundle.give(0, ...distinct(2));
    await pass(bundle, 100);
    await endAll(bundle, '0/0');
    await pass(bundle, 0);
    assert.deepEqual(committedOf(bundle), [1]);
    await endAll(bundle, '0/1');
    await pass(bundle, 99);
    assert.deepEqual(committedOf(bundle), [1]);
    await pass(bundle, 1);
    assert.deepEqual(committedOf(bundle), [1, 2]);
    await bundle.container.stop();
  });

  it('commits ackTimeMs after the last commit', async () => {
    const bundle = await started({ ...unordered, ackMode: 'time', ackTimeMs: 300 });
    bundle.give(0, ...distinct(3));
    await endAll(bundle, '0/0');
    await pass(bundle, 299);
    assert.deepEqual(committedOf(bundle), []);
    await endAll(bundle, '0/1');
    await pass(bundle, 1);
    assert.deepEqual(committedOf(bundle), [2]);
    await pass(bundle, 1_000);
    await endAll(bundle, '0/2');
    await pass(bundle, 0);
    assert.deepEqual(committedOf(bundle), [2, 3], 'the last commit is long ago');
    await bundle.container.stop();
  });

  it('commits by count or time, whichever comes first', async () => {
    const bundle = await started({ ...unordered, ackMode: 'count-time', ackCount: 2, ackTimeMs: 300 });
    bundle.give(0, ...distinct(3));
    await pass(bundle, 100);
    await endAll(bundle, '0/0', '0/1');
    await pass(bundle, 0);
    assert.deepEqual(committedOf(bundle), [2], 'by count');
    await endAll(bundle, '0/2');
    await pass(bundle, 299);
    assert.deepEqual(committedOf(bundle), [2]);
    await pass(bundle, 1);
    assert.deepEqual(committedOf(bundle), [2, 3], 'by time, from the commit that was due by count');
    await bundle.container.stop();
  });

  it('commits what has not come to that when it stops', async () => {
    const bundle = await started({ ...unordered, ackMode: 'count', ackCount: 100 });
    bundle.give(0, ...distinct(1));
    await endAll(bundle, '0/0');
    const { committed } = await bundle.container.stop();
    assert.equal(committed[0]?.offset, 1);
  });
});

describe("MessageListenerContainer: ackMode 'manual-immediate'", () => {
  it('commits in the moment of the acknowledgment; the lane does not wait', async () => {
    const bundle = await started({ ackMode: 'manual-immediate' });
    const { listener, give, factory } = bundle;
    const { commitCalls } = factory.consumer;
    const before = commitCalls.count;
    const letGo = factory.consumer.holdCommits();
    give(0, ...keyed('a', 'b', 'c'));
    const first = await listener.call('0/0');
    first.context.acknowledgment.acknowledge();
    assert.equal(commitCalls.count, before + 1);
    first.end();
    for (const at of ['0/1', '0/2']) {
      const call = await listener.call(at);
      call.context.acknowledgment.acknowledge();
      call.end();
    }
    assert.equal(commitCalls.count, before + 1, 'one in flight');
    letGo();
    await until(() => committedOf(bundle).length === 2);
    assert.deepEqual(committedOf(bundle), [1, 3], 'what came meanwhile goes with the next, right after it');
    await bundle.container.stop();
  });

  it('commits out of order only what may be', async () => {
    const bundle = await started({ ...unordered, ackMode: 'manual-immediate' });
    bundle.give(0, ...distinct(2));
    const [first, second] = [await bundle.listener.call('0/0'), await bundle.listener.call('0/1')];
    second.context.acknowledgment.acknowledge();
    await eventLoopTurn();
    assert.deepEqual(committedOf(bundle), []);
    first.context.acknowledgment.acknowledge();
    await until(() => committedOf(bundle).length === 1);
    assert.deepEqual(committedOf(bundle), [2]);
    for (const call of [first, second]) call.end();
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: commits that are refused', () => {
  const refusing = (code: string, partition = tp(1)): CommitFailedError =>
    new CommitFailedError('one of two', { code, partitions: [{ ...partition, code }] });

  it('of one partition hold up no other', async () => {
    const bundle = await started({ ...unordered, ackMode: 'record', syncCommits: true });
    const { factory, give, committed, clock } = bundle;
    give(0, ...distinct(2));
    give(1, ...distinct(1));
    factory.consumer.failCommits(
      (offsets) =>
        offsets.some(({ partition }) => partition === 1) ? refusing('GROUP_AUTHORIZATION_FAILED') : undefined,
      5,
    );
    await endAll(bundle, '1/0');
    await until(() => bundle.container.metrics().commitFailures === 1);
    await endAll(bundle, '0/0');
    await until(() => committed(0) === 1);
    assert.equal(bundle.container.metrics().commitFailures, 1);
    clock.advance(500);
    await until(() => bundle.container.metrics().commitFailures === 2);
    await endAll(bundle, '0/1');
    await until(() => committed(0) === 2);
    clock.advance(1_000);
    await until(() => bundle.container.metrics().commitFailures === 3);
    await bundle.container.stop();
  });

  it('are tried as far apart as others where the topic was deleted, and that is said once', async () => {
    const bundle = await started({ ...unordered, commitIntervalMs: 100 });
    const { factory, give, clock, events, logger } = bundle;
    const dropped = events('offsets:dropped');
    factory.consumer.failCommits(refusing('UNKNOWN_TOPIC_OR_PARTITION'), 10);
    give(1, ...distinct(4));
    clock.advance(100);
    await endAll(bundle, '1/0');
    await until(() => {
      clock.advance(0);
      return dropped.count === 1;
    });
    for (const count of [2, 3]) {
      await endAll(bundle, `1/${count - 1}`);
      await until(() => clock.nextDueInMs === 100);
      clock.advance(100);
      await dropped.received(count);
    }
    assert.equal(logger.at('warn').filter(({ message }) => message.includes('deleted')).length, 1);
    await endAll(bundle, '1/3');
    await bundle.container.stop();
  });

  it('are dropped where the topic was deleted, and whoever waits for them goes on', async () => {
    const bundle = await started({ ackMode: 'record', syncCommits: true });
    const { factory, give, events, clock, listener, committed, logger } = bundle;
    const [dropped, failed] = [events('offsets:dropped'), events('commit:failed')];
    const error = refusing('UNKNOWN_TOPIC_OR_PARTITION');
    factory.consumer.failCommits(error);
    give(1, ...keyed('a', 'b'));
    await endAll(bundle, '1/0');
    await dropped.received(1);
    assert.deepEqual(dropped.items, [{ offsets: [{ ...tp(1), offset: 1 }], error }]);
    assert.match(logger.at('warn')[0]?.message ?? '', /deleted/);
    const calls = factory.consumer.commitCalls.count;
    clock.advance(60_000);
    await eventLoopTurn();
    assert.equal(factory.consumer.commitCalls.count, calls, 'it is not tried again');
    assert.equal(failed.count, 0);
    (await listener.call('1/1')).end();
    await until(() => committed(1) === 2); // had it been a mistake, the next one goes
    await bundle.container.stop();
  });
});
