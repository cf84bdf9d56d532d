import assert from 'node:assert/strict';
import { deferred, type Deferred } from '@hearken/core/internal';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { firstAnswer } from '../../dist/cluster/first-answer.js';
import { AuthenticationError, KafkaConnectionError } from '../../dist/errors.js';

const lost = (nodeId: number): KafkaConnectionError =>
  new KafkaConnectionError(`node ${nodeId} is gone`, { code: 'CONNECTION_CLOSED' });

/** Nodes 1 to 3, which answer when the test says so. */
function setup(patienceMs = 1_000) {
  const clock = new ManualClock();
  const asked: number[] = [];
  const nodes = new Map<number, Deferred<string>>([1, 2, 3].map((nodeId) => [nodeId, deferred<string>()]));
  const node = (nodeId: number): Deferred<string> => nodes.get(nodeId) ?? assert.fail(`no node ${nodeId}`);
  const answer = firstAnswer({
    clock,
    nodeIds: [1, 2, 3],
    patienceMs,
    ask: (nodeId) => {
      asked.push(nodeId);
      return node(nodeId).promise;
    },
  });
  answer.catch(() => undefined); // each test waits for it in its own time
  return { clock, asked, node, answer };
}

describe('firstAnswer', () => {
  it('asks one node while that answers in time', async () => {
    const { clock, asked, node, answer } = setup();
    clock.advance(999);
    node(1).resolve('well');
    assert.deepEqual(await answer, { nodeId: 1, answer: 'well' });
    assert.deepEqual(asked, [1]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('asks another beside each that does not answer in time, until all are asked', async () => {
    const { clock, asked, node, answer } = setup();
    clock.advance(1_000);
    assert.deepEqual(asked, [1, 2]);
    clock.advance(1_000);
    assert.deepEqual(asked, [1, 2, 3]);
    assert.equal(clock.pendingTimers, 0);
    node(3).resolve('well');
    assert.deepEqual(await answer, { nodeId: 3, answer: 'well' });
  });

  it('takes the first answer, and neither answers nor failures after that', async () => {
    const { clock, asked, node, answer } = setup();
    clock.advance(1_000);
    node(2).resolve('well');
    node(1).reject(lost(1));
    assert.deepEqual(await answer, { nodeId: 2, answer: 'well' });
    await eventLoopTurn();
    assert.deepEqual(asked, [1, 2]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('takes the answer of one that was slow, if no other was faster', async () => {
    const { clock, node, answer } = setup();
    clock.advance(1_000);
    node(1).resolve('slow');
    node(2).resolve('slower');
    assert.deepEqual(await answer, { nodeId: 1, answer: 'slow' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('asks the next at once where one failed, which has its time from then on', async () => {
    const { clock, asked, node, answer } = setup();
    clock.advance(600);
    node(1).reject(lost(1));
    await eventLoopTurn();
    assert.deepEqual(asked, [1, 2]);
    clock.advance(999);
    assert.deepEqual(asked, [1, 2]);
    clock.advance(1);
    assert.deepEqual(asked, [1, 2, 3]);
    node(2).resolve('well');
    assert.equal((await answer).nodeId, 2);
  });

  it('rejects with what failed last, once all have failed', async () => {
    const { clock, node, answer } = setup();
    clock.advance(2_000);
    let isOver = false;
    const ended = answer.catch(() => (isOver = true));
    for (const nodeId of [2, 3]) node(nodeId).reject(lost(nodeId));
    await eventLoopTurn();
    assert.equal(isOver, false); // node 1 may answer still
    node(1).reject(lost(1));
    await ended;
    await assert.rejects(answer, { code: 'CONNECTION_CLOSED', message: 'node 1 is gone' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('rejects at once with what no other node would mend', async () => {
    const { clock, asked, node, answer } = setup();
    node(1).reject(new AuthenticationError('wrong password'));
    await assert.rejects(answer, { code: 'AUTHENTICATION_FAILED' });
    assert.deepEqual(asked, [1]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('takes the answer of one that was slow, though one that was asked beside it failed for good', async () => {
    const { clock, asked, node, answer } = setup();
    clock.advance(1_000);
    node(2).reject(new AuthenticationError('wrong password'));
    await eventLoopTurn();
    clock.advance(60_000);
    assert.deepEqual(asked, [1, 2]);
    node(1).resolve('slow');
    assert.deepEqual(await answer, { nodeId: 1, answer: 'slow' });
  });

  it('rejects with what no other node would mend once that one has failed as well', async () => {
    const { clock, node, answer } = setup();
    clock.advance(1_000);
    node(2).reject(new AuthenticationError('wrong password'));
    await eventLoopTurn();
    node(1).reject(lost(1));
    await assert.rejects(answer, { code: 'AUTHENTICATION_FAILED' });
  });

  it('asks one after the other if told to be patient without end', async () => {
    const { clock, asked, node, answer } = setup(Infinity);
    assert.equal(clock.pendingTimers, 0);
    clock.advance(60_000);
    assert.deepEqual(asked, [1]);
    node(1).reject(lost(1));
    node(2).resolve('well');
    assert.equal((await answer).nodeId, 2);
  });
});
