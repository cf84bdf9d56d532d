import assert from 'node:assert/strict';
import { CommitFailedError, isKafkaError, type TopicPartition } from '@hearken/core';
import {
  errorCodes,
  offsetCommitApi,
  type ErrorName,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '@hearken/protocol';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { GroupCoordinator } from '../../dist/consumer/group-coordinator.js';
import type { Generation } from '../../dist/consumer/group-protocol.js';
import { OffsetCommits, type Committer } from '../../dist/consumer/offset-commits.js';
import { KafkaConnectionError } from '../../dist/errors.js';
import { rejection } from '../support/rejects.js';
import { aContext, type TestContext } from './support/context.js';
import { disconnected } from './support/fake-cluster.js';

class FakeCommitter implements Committer {
  generation: Generation | undefined = { generationId: 4, memberId: 'm1' };
  isRebalancing = false;
  readonly refusals: string[] = [];
  /** Replaced when partitions are given up, though they may come back. */
  owned = {};
  readonly joined = new Signal();
  settled(): Promise<void> {
    return this.joined.wait();
  }
  ownership({ partition }: TopicPartition): object | undefined {
    return partition < 5 ? this.owned : undefined;
  }
  refused(error: unknown): void {
    this.refusals.push((error as CommitFailedError).code);
  }
}

function setup(): TestContext & { readonly committer: FakeCommitter; readonly commits: OffsetCommits } {
  const context = aContext();
  const committer = new FakeCommitter();
  return {
    ...context,
    committer,
    commits: new OffsetCommits(context, new GroupCoordinator(context, 'billing'), committer),
  };
}

const answer =
  (errors: Readonly<Record<number, ErrorName>> = {}) =>
  ({ topics }: OffsetCommitRequest): OffsetCommitResponse => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: errorCodes[errors[partitionIndex] ?? 'NONE'],
      })),
    })),
  });

const at = (partition: number, offset: number): TopicPartition & { offset: number } => ({
  topic: 'orders',
  partition,
  offset,
});

const failure = async (promise: Promise<unknown>, code: string): Promise<CommitFailedError> => {
  const error = await rejection(promise, code);
  assert.ok(error instanceof CommitFailedError);
  return error;
};

/** Of the error and its causes. */
const codes = (error: unknown): readonly string[] => (isKafkaError(error) ? [error.code, ...codes(error.cause)] : []);

describe('OffsetCommits', () => {
  it('writes offsets under the generation, over the control connection', async () => {
    const { cluster, commits } = setup();
    cluster.answer(offsetCommitApi, answer());
    await commits.commit([{ ...at(0, 7), leaderEpoch: 2, metadata: 'half' }, at(1, 8)]);
    const [sent] = cluster.requests(offsetCommitApi);
    assert.equal(sent?.role, 'control');
    assert.deepEqual(sent.request, {
      groupId: 'billing',
      generationIdOrMemberEpoch: 4,
      memberId: 'm1',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [
        {
          name: 'orders',
          partitions: [
            { partitionIndex: 0, committedOffset: 7, committedLeaderEpoch: 2, committedMetadata: 'half' },
            { partitionIndex: 1, committedOffset: 8, committedLeaderEpoch: -1, committedMetadata: '' },
          ],
        },
      ],
    });
  });

  it('sends nothing for nothing', async () => {
    const { cluster, commits } = setup();
    await commits.commit([]);
    assert.equal(cluster.sent.count, 0);
  });

  it('tries again what may pass, only what is not written yet, wherever the coordinator went', async () => {
    const { cluster, clock, commits } = setup();
    cluster.answer(offsetCommitApi, disconnected, answer({ 1: 'NOT_COORDINATOR' }), answer());
    const done = commits.commit([at(0, 7), at(1, 8)]);
    for (let attempt = 1; attempt <= 2; attempt++) {
      await cluster.request(offsetCommitApi, attempt);
      await clock.timersPending(1);
      clock.advance(1_000);
    }
    await done;
    const last = await cluster.request(offsetCommitApi, 3);
    assert.deepEqual(
      last.request.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex),
      [1],
    );
    assert.equal(cluster.forgotten.count, 2);
  });

  it('gives up when the request time-out has passed', async () => {
    const { cluster, clock, commits } = setup();
    cluster.answer(offsetCommitApi, disconnected);
    const failed = failure(commits.commit([at(0, 7)]), 'CONNECTION_CLOSED');
    await cluster.request(offsetCommitApi);
    await clock.timersPending(1);
    clock.advance(30_000);
    const error = await failed;
    assert.deepEqual([error.retriable, error.partitions], [true, [{ topic: 'orders', partition: 0, code: 'CONNECTION_CLOSED' }]]); // prettier-ignore
  });

  for (const code of ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS'] as const) {
    it(`rejects when the coordinator says ${code}, and the membership hears of it`, async () => {
      const { cluster, commits, committer } = setup();
      cluster.answer(offsetCommitApi, answer({ 0: code, 1: code }));
      const error = await failure(commits.commit([at(0, 7), at(1, 8)]), code);
      assert.equal(error.partitions.length, 2);
      assert.equal(error.retriable, code === 'REBALANCE_IN_PROGRESS');
      assert.deepEqual(committer.refusals, [code]);
    });
  }

  it('names the partitions that were refused, and leaves the membership alone', async () => {
    const { cluster, commits, committer } = setup();
    cluster.answer(offsetCommitApi, answer({ 1: 'OFFSET_METADATA_TOO_LARGE', 2: 'UNKNOWN_TOPIC_OR_PARTITION' }));
    const error = await failure(commits.commit([at(0, 7), at(1, 8), at(2, 9)]), 'OFFSET_METADATA_TOO_LARGE');
    assert.deepEqual(
      error.partitions.map(({ partition, code }) => `${partition} ${code}`),
      ['1 OFFSET_METADATA_TOO_LARGE', '2 UNKNOWN_TOPIC_OR_PARTITION'],
    );
    assert.equal(error.retriable, false);
    assert.deepEqual(committer.refusals, []);
  });

  it('takes a partition that the answer leaves out for not written', async () => {
    const { cluster, commits } = setup();
    cluster.answer(offsetCommitApi, () => ({ throttleTimeMs: 0, topics: [] }));
    await failure(commits.commit([at(0, 7)]), 'UNKNOWN_SERVER_ERROR');
  });

  it('refuses what is not owned, and what comes outside of a generation, without asking', async () => {
    const { cluster, commits, committer } = setup();
    const error = await failure(commits.commit([at(0, 7), at(5, 8)]), 'NOT_ASSIGNED');
    assert.deepEqual(error.partitions, [
      { topic: 'orders', partition: 5, code: 'NOT_ASSIGNED' },
      { topic: 'orders', partition: 0, code: 'REBALANCE_IN_PROGRESS' }, // ours, and not written either
    ]);
    committer.generation = undefined;
    await failure(commits.commit([at(0, 7)]), 'UNKNOWN_MEMBER_ID');
    committer.isRebalancing = true;
    const untold = await failure(commits.commit([at(5, 7)]), 'REBALANCE_IN_PROGRESS'); // given up before the JoinGroup
    assert.equal(untold.retriable, true);
    assert.equal(cluster.sent.count, 0);
  });

  it('does not send again what was given up meanwhile, though it may have come back', async () => {
    const { cluster, clock, commits, committer } = setup();
    cluster.answer(offsetCommitApi, disconnected, answer());
    const failed = failure(commits.commit([at(0, 7)]), 'ILLEGAL_GENERATION');
    await cluster.request(offsetCommitApi);
    await clock.timersPending(1);
    committer.generation = { generationId: 5, memberId: 'm1' };
    committer.owned = {};
    clock.advance(1_000);
    await failed;
    assert.equal(cluster.requests(offsetCommitApi).length, 1);
    assert.deepEqual(committer.refusals, []); // nobody refused the new generation anything
  });

  it('looks whether it may when the request is written, not when it is asked for', async () => {
    const { cluster, commits, committer } = setup();
    const gate = new Signal();
    cluster.coordinator = () => gate.wait().then(() => 1);
    cluster.answer(offsetCommitApi, answer());
    const failed = failure(commits.commit([at(0, 7)]), 'REBALANCE_IN_PROGRESS');
    committer.generation = undefined;
    committer.isRebalancing = true;
    committer.owned = {};
    gate.fire();
    await failed;
    assert.equal(cluster.sent.count, 0);
  });

  it('leaves out what nobody wants any more by the time it is written', async () => {
    const { cluster, clock, commits } = setup();
    const gate = new Signal();
    cluster.coordinator = () => gate.wait().then(() => 1);
    cluster.answer(offsetCommitApi, disconnected);
    const wanted = new Set([0, 1]);
    const done = commits.commit([at(0, 7), at(1, 8)], ({ partition }) => wanted.has(partition));
    await eventLoopTurn(); // it is being found who coordinates
    wanted.delete(0);
    gate.fire();
    const { request } = await cluster.request(offsetCommitApi);
    assert.deepEqual(request.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex), [1]); // prettier-ignore
    await clock.timersPending(1);
    wanted.delete(1);
    clock.advance(1_000);
    await done;
    assert.equal(cluster.requests(offsetCommitApi).length, 1);
  });

  describe('under way at once', () => {
    const offsets = (cluster: TestContext['cluster']): string[] =>
      cluster
        .requests(offsetCommitApi)
        .flatMap(({ request }) => request.topics.flatMap(({ partitions }) => partitions))
        .map(({ partitionIndex, committedOffset }) => `${partitionIndex}@${committedOffset}`);

    it('do not write an older offset after a newer one, which does away with it', async () => {
      const { cluster, clock, commits } = setup();
      const newer = new Signal();
      cluster.answer(
        offsetCommitApi,
        answer({ 0: 'COORDINATOR_LOAD_IN_PROGRESS' }),
        async (request) => newer.wait().then(() => answer()(request)),
        answer(),
      );
      const first = commits.commit([at(0, 10), at(1, 5)]);
      const second = commits.commit([at(0, 20)]);
      await clock.timersPending(1);
      clock.advance(1_000); // the first would be made again, while the second is not answered
      await eventLoopTurn();
      assert.deepEqual(offsets(cluster), ['0@10', '1@5', '0@20']);
      newer.fire();
      await Promise.all([first, second]);
      assert.deepEqual(offsets(cluster), ['0@10', '1@5', '0@20']);
    });

    it('go on with what the newer one did not hold', async () => {
      const { cluster, clock, commits } = setup();
      cluster.answer(offsetCommitApi, disconnected, answer());
      const first = commits.commit([at(0, 10), at(1, 5)]);
      const second = commits.commit([at(0, 20)]);
      await second;
      await clock.timersPending(1);
      clock.advance(1_000);
      await first;
      assert.deepEqual(offsets(cluster), ['0@10', '1@5', '0@20', '1@5']);
    });

    it('write the older offset when the newer one is refused', async () => {
      const { cluster, clock, commits } = setup();
      cluster.answer(offsetCommitApi, disconnected, answer({ 0: 'OFFSET_METADATA_TOO_LARGE' }), answer());
      const first = commits.commit([at(0, 10)]);
      await failure(commits.commit([at(0, 20)]), 'OFFSET_METADATA_TOO_LARGE');
      await clock.timersPending(1);
      clock.advance(1_000);
      await first;
      assert.deepEqual(offsets(cluster), ['0@10', '0@20', '0@10']);
    });

    it('end together when the time is over, however many wait for the last', async () => {
      const { cluster, clock, commits } = setup();
      const last = new Signal();
      cluster.answer(offsetCommitApi, disconnected, disconnected, async () => last.wait().then(disconnected));
      const failures = Promise.all([
        failure(commits.commit([at(0, 10)]), 'REQUEST_TIMED_OUT'),
        failure(commits.commit([at(0, 20)]), 'REQUEST_TIMED_OUT'),
        failure(commits.commit([at(0, 30)]), 'CONNECTION_CLOSED'),
      ]);
      await clock.timersPending(2);
      clock.advance(1_000); // both wait for the third now
      await eventLoopTurn();
      clock.advance(29_500);
      last.fire();
      const [first] = await failures;
      assert.deepEqual(codes(first), ['REQUEST_TIMED_OUT', 'REQUEST_TIMED_OUT', 'CONNECTION_CLOSED']);
      assert.equal(cluster.requests(offsetCommitApi).length, 3);
    });

    it('say that the consumer was closed, and what they failed with before, when it closes', async () => {
      const { cluster, clock, closing, commits } = setup();
      const last = new Signal();
      const cutOff = new KafkaConnectionError('the client was closed', { code: 'CLIENT_CLOSED' });
      cluster.answer(offsetCommitApi, disconnected, async () => last.wait().then(() => Promise.reject(cutOff)));
      const failures = Promise.all([
        failure(commits.commit([at(0, 10)]), 'CLIENT_CLOSED'),
        failure(commits.commit([at(0, 20)]), 'CLIENT_CLOSED'),
      ]);
      await clock.timersPending(1);
      clock.advance(1_000); // the first waits for the second now
      await eventLoopTurn();
      closing.abort();
      last.fire();
      const [first] = await failures;
      assert.equal(first.retriable, false);
      assert.deepEqual(codes(first), ['CLIENT_CLOSED', 'CLIENT_CLOSED', 'CONNECTION_CLOSED']);
    });

    it('are not done by a commit of a partition that was given up and came back', async () => {
      const { cluster, clock, commits, committer } = setup();
      cluster.answer(offsetCommitApi, disconnected, answer());
      const failed = failure(commits.commit([at(0, 10)]), 'ILLEGAL_GENERATION');
      await cluster.request(offsetCommitApi);
      committer.owned = {};
      await commits.commit([at(0, 20)]);
      await clock.timersPending(1);
      clock.advance(1_000);
      await failed;
      assert.deepEqual(offsets(cluster), ['0@10', '0@20']);
    });
  });

  describe('of what is kept over a rebalance', () => {
    const nextGeneration = (committer: FakeCommitter): void => {
      committer.generation = { generationId: 5, memberId: 'm1' };
      committer.isRebalancing = false;
      committer.joined.fire();
    };

    it('wait while there is no generation, and are written in the next', async () => {
      const { cluster, commits, committer } = setup();
      cluster.answer(offsetCommitApi, answer());
      committer.generation = undefined;
      committer.isRebalancing = true;
      const done = commits.commit([at(0, 7)]);
      await eventLoopTurn();
      assert.equal(cluster.sent.count, 0);
      nextGeneration(committer);
      await done;
      assert.equal(cluster.requests(offsetCommitApi)[0]?.request.generationIdOrMemberEpoch, 5);
    });

    it('are written in the next generation when they come too late for the last, which ends nobody', async () => {
      const { cluster, clock, commits, committer } = setup();
      cluster.answer(
        offsetCommitApi,
        () => {
          committer.generation = undefined;
          committer.isRebalancing = true;
          return answer({ 0: 'ILLEGAL_GENERATION' })(cluster.requests(offsetCommitApi)[0]!.request);
        },
        answer(),
      );
      const done = commits.commit([at(0, 7)]);
      await clock.timersPending(1);
      clock.advance(1_000);
      await eventLoopTurn();
      nextGeneration(committer);
      await done;
      const stamps = cluster.requests(offsetCommitApi).map(({ request }) => request.generationIdOrMemberEpoch);
      assert.deepEqual(stamps, [4, 5]);
      assert.deepEqual(committer.refusals, []);
    });

    it('give up after the request time-out', async () => {
      const { clock, commits, committer, cluster } = setup();
      committer.generation = undefined;
      committer.isRebalancing = true;
      const failed = failure(commits.commit([at(0, 7)]), 'REBALANCE_IN_PROGRESS');
      await clock.timersPending(1);
      clock.advance(30_000);
      assert.equal((await failed).retriable, true);
      assert.equal(cluster.sent.count, 0);
    });

    it('tell apart what is given up from what is kept', async () => {
      const { commits, committer } = setup();
      committer.isRebalancing = true;
      const held = {};
      committer.ownership = ({ partition }) => (partition === 0 ? held : committer.owned);
      const failed = failure(commits.commit([at(0, 7), at(1, 8)]), 'REBALANCE_IN_PROGRESS');
      committer.owned = {};
      nextGeneration(committer);
      const codes = (await failed).partitions.map(({ partition, code }) => `${partition} ${code}`);
      assert.deepEqual(codes, ['0 REBALANCE_IN_PROGRESS', '1 ILLEGAL_GENERATION']);
    });
  });
});
