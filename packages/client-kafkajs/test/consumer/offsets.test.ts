import assert from 'node:assert/strict';
import { errorCodes, listOffsetsApi } from '@hearken/protocol';
import { eventLoopTurn } from '@hearken/testing';
import { BEGINNING, Offsets, type OffsetQuery } from '../../dist/consumer/offsets.js';
import { aContext, type TestContext } from './support/context.js';

const { NOT_LEADER_OR_FOLLOWER, TOPIC_AUTHORIZATION_FAILED } = errorCodes;

/** Where orders-1 is refused so often, with this error. */
function setup(refusals: number, errorCode: number): TestContext & { readonly offsets: Offsets } {
  const context = aContext();
  let left = refusals;
  context.cluster.topic('orders', 1, 1).answer(listOffsetsApi, ({ topics }) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: partitionIndex === 1 && left-- > 0 ? errorCode : 0,
        timestamp: -1,
        offset: 10 + partitionIndex,
        leaderEpoch: 2,
      })),
    })),
  }));
  return { ...context, offsets: new Offsets(context) };
}

const QUERIES: readonly OffsetQuery[] = [0, 1].map((partition) => ({
  topic: 'orders',
  partition,
  timestamp: BEGINNING,
}));

describe('Offsets', () => {
  it('keeps what came beside a refusal, asks again for the rest alone, and warns when that lasts', async () => {
    const { offsets, cluster, clock, logger } = setup(6, NOT_LEADER_OR_FOLLOWER);
    let listed: Awaited<ReturnType<Offsets['list']>> | undefined;
    void offsets.list(QUERIES).then((found) => (listed = found));
    while (listed === undefined) {
      await eventLoopTurn();
      clock.advance(2_000);
    }
    assert.deepEqual(
      listed.map(({ partition, offset }) => [partition, offset]),
      [
        [0, 10],
        [1, 11],
      ],
    );
    const asked = cluster
      .requests(listOffsetsApi)
      .map(({ request }) => request.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex));
    assert.deepEqual(asked, [[0, 1], ...Array.from({ length: 6 }, () => [1])]);
    assert.equal(logger.at('warn').length, 1);
  });

  it('ends with a refusal that stays', async () => {
    const { offsets } = setup(Infinity, TOPIC_AUTHORIZATION_FAILED);
    await assert.rejects(offsets.list(QUERIES), { code: 'TOPIC_AUTHORIZATION_FAILED' });
  });
});
