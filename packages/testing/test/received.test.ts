import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';
import { aRecord, eventLoopTurn, ManualClock, received, someRecords, type WaitError } from '@hearken/testing';
import { FakeContainer } from './fake-container.js';

const offsets = (records: readonly ConsumerRecord[]): number[] => records.map(({ offset }) => offset);

const failureOf = (promise: Promise<unknown>): Promise<WaitError> =>
  promise.then(
    () => assert.fail('should have failed'),
    (error: unknown) => error as WaitError,
  );

describe('received', () => {
  it('resolves with as many records as asked for, when the last of them ended', async () => {
    const container = new FakeContainer();
    let over = false;
    const three = received(container, 3).finally(() => (over = true));
    container.returned(...someRecords(2));
    await eventLoopTurn();
    assert.equal(over, false);
    container.returned(aRecord({ offset: 2 }));
    assert.deepEqual(offsets(await three), [0, 1, 2]);
  });

  it('goes on where the call before ended, also with what came in between', async () => {
    const container = new FakeContainer();
    const first = received(container, 1);
    container.returned(...someRecords(4));
    assert.deepEqual(offsets(await first), [0]);
    assert.deepEqual(offsets(await received(container, 2)), [1, 2]);
    assert.deepEqual(offsets(await received(container, 1)), [3]);
  });

  it('serves calls in the order in which they were made', async () => {
    const container = new FakeContainer();
    const calls = [received(container, 2), received(container, 1)];
    container.returned(...someRecords(3));
    assert.deepEqual((await Promise.all(calls)).map(offsets), [[0, 1], [2]]);
  });

  it('keeps containers apart', async () => {
    const [one, other] = [new FakeContainer(), new FakeContainer()];
    const calls = [received(one, 1), received(other, 1)];
    other.returned(aRecord({ offset: 9 }));
    one.returned(aRecord({ offset: 1 }));
    assert.deepEqual((await Promise.all(calls)).map(offsets), [[1], [9]]);
  });

  it('says what came when the time is over, what failed, and how the container is', async () => {
    const container = new FakeContainer();
    const clock = new ManualClock();
    const failure = failureOf(received(container, 3, { timeoutMs: 700, clock }));
    container.returned(aRecord({ topic: 'orders', offset: 4, key: 'customer-7', value: '{"total":12}' }));
    container.emit('record:retried', { record: aRecord({ offset: 5 }), attempt: 2, error: new RangeError('no stock') });
    await clock.timersPending(1);
    clock.advance(699);
    await eventLoopTurn();
    clock.advance(1);
    const error = await failure;
    assert.equal(error.code, 'TIMED_OUT');
    assert.deepEqual(error.message.split('\n'), [
      '1 of 3 records came within 700 ms:',
      `  orders-0 offset 4: 'customer-7' => '{"total":12}'`,
      'the last attempt that failed: topic-0 offset 5, attempt 2: RangeError: no stock',
      'the container is running, assigned topic-0, with 2 more under way',
    ]);
  });

  it('takes nothing when the time is over, and lets the next call have it', async () => {
    const container = new FakeContainer();
    const clock = new ManualClock();
    const tooMany = failureOf(received(container, 2, { timeoutMs: 5, clock }));
    const one = received(container, 1, { timeoutMs: 50, clock });
    container.returned(aRecord({ offset: 3 }));
    await clock.timersPending(2);
    clock.advance(5);
    assert.equal((await tooMany).code, 'TIMED_OUT');
    assert.deepEqual(offsets(await one), [3]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('fails as soon as the container stopped, with its failure as the cause', async () => {
    const container = new FakeContainer();
    const clock = new ManualClock();
    const cause = new Error('fatal');
    const failure = failureOf(received(container, 2, { clock }));
    container.returned(aRecord());
    container.stop(cause);
    const error = await failure;
    assert.deepEqual([error.code, error.cause, clock.pendingTimers], ['CONTAINER_STOPPED', cause, 0]);
    assert.match(error.message, /^1 of 2 records came before the container stopped:\n {2}topic-0 offset 0/);
    assert.equal((await received(container, 1)).length, 1, 'what came can still be had');
    assert.equal((await failureOf(received(container, 1))).cause, cause);
    const stopped = new FakeContainer();
    stopped.stop();
    assert.equal((await failureOf(received(stopped, 1))).code, 'CONTAINER_STOPPED');
  });

  it('says so when records were processed before anyone asked, rather than wait for them', async () => {
    const container = new FakeContainer();
    container.returned(aRecord(), aRecord());
    await assert.rejects(received(container, 2), { code: 'RECORDS_MISSED', message: /processed 2 before received/ });
  });

  it('refuses what is no number of records and no time', async () => {
    const container = new FakeContainer();
    await assert.rejects(received(container, 0), { code: 'INVALID_CONFIG' });
    await assert.rejects(received(container, 1, { timeoutMs: -1 }), { code: 'INVALID_CONFIG', message: /timeoutMs/ });
  });
});
