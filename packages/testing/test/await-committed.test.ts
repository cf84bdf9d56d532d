import assert from 'node:assert/strict';
import type { TopicPartitionOffset, TopicPartitionOffsets } from '@hearken/core';
import { awaitCommitted, eventLoopTurn, ManualClock } from '@hearken/testing';
import { FakeContainer } from './fake-container.js';

const at = (partition: number, offset: number): TopicPartitionOffset => ({ topic: 'orders', partition, offset });

describe('awaitCommitted of a container', () => {
  it('resolves at once for what is committed already', async () => {
    const container = new FakeContainer();
    container.committed = [{ topic: 'orders', partition: 0, committed: 5 }];
    await awaitCommitted(container, [at(0, 5)]);
    await awaitCommitted(container, [at(0, 4)]);
    await awaitCommitted(container, []);
  });

  it('hears the commits of all partitions, in whatever pieces, and listens no longer than it must', async () => {
    const container = new FakeContainer();
    const clock = new ManualClock();
    let over = false;
    const both = awaitCommitted(container, [at(0, 2), at(1, 1)], { clock }).finally(() => (over = true));
    for (const offset of [at(1, 7), at(0, 1), at(2, 9)]) container.emit('offsets:committed', { offsets: [offset] });
    await eventLoopTurn();
    assert.equal(over, false);
    container.emit('offsets:committed', { offsets: [at(0, 2)] });
    await both;
    assert.deepEqual([container.observers, clock.pendingTimers], [0, 0]);
  });

  it('says what is committed instead when the time is over', async () => {
    const container = new FakeContainer();
    const clock = new ManualClock();
    container.committed = [{ topic: 'orders', partition: 0, committed: 3 }];
    const failed = assert.rejects(awaitCommitted(container, [at(0, 5), at(1, 1), at(0, 2)], { timeoutMs: 9, clock }), {
      code: 'TIMED_OUT',
      message: 'not committed within 9 ms: orders-0 at 3, not at 5; orders-1 at nothing, not at 1',
    });
    clock.advance(9);
    await failed;
    assert.equal(container.observers, 0);
  });

  it('fails as soon as the container stopped', async () => {
    const container = new FakeContainer();
    const cause = new Error('fatal');
    const failed = assert.rejects(awaitCommitted(container, [at(0, 5)]), { code: 'CONTAINER_STOPPED', cause });
    container.stop(cause);
    await failed;
    await assert.rejects(awaitCommitted(container, [at(0, 5)]), { code: 'CONTAINER_STOPPED' });
  });
});

describe('awaitCommitted of a group', () => {
  const asked: string[] = [];
  const adminThatSays = (...answers: TopicPartitionOffsets[]) => ({
    committedOffsets: (groupId: string, topics: readonly string[] = []) => {
      asked.push(`${groupId} ${topics.join()}`);
      return Promise.resolve(answers.length > 1 ? answers.shift()! : answers[0]!);
    },
  });

  it('asks the broker again until it is so', async () => {
    const clock = new ManualClock();
    const admin = adminThatSays([], [at(0, 1)], [at(0, 3)]);
    const reached = awaitCommitted({ admin, groupId: 'billing' }, [at(0, 2)], { clock });
    for (let asks = 0; asks < 2; asks++) {
      await clock.timersPending(1);
      clock.advance(20);
    }
    await reached;
    assert.deepEqual(asked.splice(0), ['billing orders', 'billing orders', 'billing orders']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('says what is committed instead when the time is over', async () => {
    const clock = new ManualClock();
    const group = { admin: adminThatSays([at(0, 1)]), groupId: 'billing' };
    const failed = assert.rejects(awaitCommitted(group, [at(0, 2)], { timeoutMs: 30, clock }), {
      code: 'TIMED_OUT',
      message: 'group billing: not committed within 30 ms: orders-0 at 1, not at 2',
    });
    for (let asks = 0; asks < 2; asks++) {
      await clock.timersPending(1);
      clock.advance(20);
    }
    await failed;
  });

  it('hands on what the admin rejects with', async () => {
    const error = new Error('not authorised');
    const admin = { committedOffsets: () => Promise.reject(error) };
    await assert.rejects(awaitCommitted({ admin, groupId: 'billing' }, [at(0, 2)]), error);
  });
});
