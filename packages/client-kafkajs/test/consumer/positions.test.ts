import assert from 'node:assert/strict';
import { codeOf, type KafkaError } from '@hearken/core';
import { errorCodes, listOffsetsApi, offsetFetchApi, type OffsetFetchResponse } from '@hearken/protocol';
import { eventLoopTurn, Recorder, Signal } from '@hearken/testing';
import { AbortedTransactions } from '../../dist/consumer/aborted-transactions.js';
import type { ConsumerOptions } from '../../dist/consumer/consumer-options.js';
import { GroupCoordinator } from '../../dist/consumer/group-coordinator.js';
import { Offsets } from '../../dist/consumer/offsets.js';
import { brokerError } from '../../dist/errors.js';
import { Positions } from '../../dist/consumer/positions.js';
import type { AssignedPartition } from '../../dist/consumer/assigned-partition.js';
import { SubscriptionState } from '../../dist/consumer/subscription-state.js';
import { batchOf } from './support/batches.js';
import { aContext, type TestContext } from './support/context.js';

const BEGINNING = 3;
const END = 90;
const LIST_EPOCH = 2;

interface Bundle extends TestContext {
  readonly positions: Positions;
  readonly subscription: SubscriptionState;
  readonly partition: AssignedPartition;
  readonly fatal: Recorder<unknown>;
}

/** orders-0 holds offsets 3 to 90; its position is what a test makes it. */
function setup(options: ConsumerOptions = {}): Bundle {
  const context = aContext({ autoOffsetReset: 'earliest', ...options });
  context.cluster
    .topic('orders', 1)
    .answer(offsetFetchApi, () => committedIn())
    .answer(listOffsetsApi, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          errorCode: 0,
          timestamp: -1,
          offset: timestamp === -1 ? END : BEGINNING,
          leaderEpoch: LIST_EPOCH,
        })),
      })),
    }));
  const subscription = new SubscriptionState(() => undefined);
  const [partition] = subscription.assign([{ topic: 'orders', partition: 0 }]);
  subscription.activate();
  const coordinator = new GroupCoordinator(context, 'billing');
  const fatal = new Recorder<unknown>();
  const positions = new Positions({
    context,
    subscription,
    offsets: new Offsets(context),
    coordinator,
    onChanged: () => undefined,
    onFatal: fatal.record,
  });
  return { ...context, positions, subscription, partition: partition!, fatal };
}

const committedIn = (committedOffset = -1, committedLeaderEpoch = -1): OffsetFetchResponse => ({
  throttleTimeMs: 0,
  errorCode: 0,
  topics: [
    {
      name: 'orders',
      partitions: [{ partitionIndex: 0, committedOffset, committedLeaderEpoch, metadata: '', errorCode: 0 }],
    },
  ],
});

/** Where it stands: next to poll, next to fetch, and the epoch before that. */
const standing = ({ buffer }: AssignedPartition): unknown =>
  buffer && [buffer.position, buffer.fetchOffset, buffer.lastFetchedEpoch];

const thrownBy = (partition: AssignedPartition): KafkaError => {
  try {
    partition.take(1);
  } catch (error) {
    return error as KafkaError;
  }
  return assert.fail('nothing was thrown');
};

describe('Positions', () => {
  it('begins at what was committed, with the epoch that was committed', async () => {
    const { positions, partition, cluster } = setup();
    cluster.answer(offsetFetchApi, () => committedIn(40, 1));
    await positions.begin([partition], { signal: new AbortController().signal });
    assert.deepEqual(standing(partition), [40, 40, 1]);
  });

  it('begins where autoOffsetReset says where nothing is committed', async () => {
    for (const [autoOffsetReset, offset] of [
      ['earliest', BEGINNING],
      ['latest', END],
    ] as const) {
      const { positions, partition } = setup({ autoOffsetReset });
      await positions.begin([partition], { signal: new AbortController().signal });
      assert.deepEqual(standing(partition), [offset, offset, LIST_EPOCH]);
    }
  });

  for (const [what, code, reason] of [
    ['outOfRange', 'OFFSET_OUT_OF_RANGE', 'out-of-range'],
    ['recreated', 'TOPIC_RECREATED', 'topic-recreated'],
  ] as const) {
    it(`${what}: starts anew, warns, and tells the new position`, async () => {
      const { positions, partition, logger } = setup();
      partition.startAt(200);
      const anew = positions[what](partition);
      assert.deepEqual([partition.buffer, partition.position], [undefined, 200]);
      await anew;
      assert.deepEqual(standing(partition), [BEGINNING, BEGINNING, LIST_EPOCH]);
      const reset = { reason, from: 200, to: BEGINNING };
      const told = { topic: 'orders', partition: 0, records: [], nextOffset: BEGINNING, reset };
      assert.deepEqual([partition.isReady, partition.take(9), partition.isReady], [true, told, false]);
      assert.equal(logger.at('warn').length, 1);
    });

    it(`${what} with 'none': stops there until it is sought`, async () => {
      const { positions, partition, logger, cluster } = setup({ autoOffsetReset: 'none' });
      partition.startAt(200);
      partition.append(await batchOf({ baseOffset: 200, values: ['stale'] }), new AbortedTransactions([]), {
        checkCrcs: true,
      });
      await positions[what](partition);
      assert.deepEqual([codeOf(thrownBy(partition)), codeOf(thrownBy(partition))], [code, code]);
      assert.equal(partition.buffer?.position, 200);
      partition.startAt(5);
      assert.equal(partition.take(1), undefined);
      assert.deepEqual([logger.at('warn').length, cluster.requests(listOffsetsApi).length], [0, 0]);
    });
  }

  it('leaves alone what is sought while it asks', async () => {
    const { positions, partition } = setup();
    partition.startAt(200);
    const anew = positions.outOfRange(partition);
    partition.startAt(7);
    await anew;
    assert.deepEqual(standing(partition), [7, 7, -1]);
  });

  describe('of a partition that nobody leads', () => {
    /** It was handed over without a position. */
    async function begun(): Promise<Bundle> {
      const bundle = setup();
      bundle.cluster.topic('orders', -1);
      const begun = bundle.positions.begin([bundle.partition], { signal: new AbortController().signal });
      await eventLoopTurn();
      bundle.clock.advance(1_000);
      await begun;
      await eventLoopTurn(); // it waits to look again
      assert.equal(bundle.partition.position, undefined);
      return bundle;
    }

    it('is waited for a second, in which a new topic gets its leaders: what is sent after that is read', async () => {
      const { positions, partition, cluster, clock } = setup();
      cluster.topic('orders', -1);
      const begun = positions.begin([partition], { signal: new AbortController().signal });
      await eventLoopTurn();
      cluster.topic('orders', 1);
      clock.advance(999);
      await begun;
      assert.deepEqual([partition.position, partition.isReady], [BEGINNING, false]);
    });

    it('tells by poll where it begins, once that is known', async () => {
      const { partition, cluster, clock } = await begun();
      cluster.topic('orders', 1);
      clock.advance(2_000);
      await eventLoopTurn();
      const told = { topic: 'orders', partition: 0, records: [], nextOffset: BEGINNING };
      assert.deepEqual([partition.isReady, partition.take(9), partition.isReady], [true, told, false]);
    });

    it('is looked for once, however often it is assigned', async () => {
      const { partition, positions, cluster, clock } = await begun();
      for (let more = 0; more < 2; more++) {
        const again = positions.begin([partition], { signal: new AbortController().signal });
        await eventLoopTurn();
        clock.advance(1_000);
        await again;
        await eventLoopTurn();
      }
      cluster.topic('orders', 1);
      clock.advance(2_000);
      await eventLoopTurn();
      assert.deepEqual([partition.position, cluster.requests(listOffsetsApi).length], [BEGINNING, 1]);
      assert.equal(clock.pendingTimers, 0);
    });

    it('tells why a position was lost, whichever look-up finds the next', async () => {
      const { partition, positions, cluster, clock } = await begun();
      partition.startAt(200); // sought, and not there
      clock.advance(30); // less than the shortest back-off
      const anew = positions.outOfRange(partition);
      await eventLoopTurn();
      cluster.topic('orders', 1);
      clock.advance(2_000); // both ask now, the one that began with the assignment first
      await anew;
      const reset = { reason: 'out-of-range', from: 200, to: BEGINNING };
      assert.deepEqual(partition.take(9)?.reset, reset);
    });

    it('is not looked for once it is given up, nor is anybody told what came of that', async () => {
      const { subscription, cluster, clock, fatal } = await begun();
      const { TOPIC_AUTHORIZATION_FAILED } = errorCodes;
      const gate = new Signal();
      cluster.topic('orders', 1).answer(listOffsetsApi, async () => {
        await gate.wait();
        throw brokerError(TOPIC_AUTHORIZATION_FAILED, 'orders-0');
      });
      clock.advance(2_000);
      await cluster.request(listOffsetsApi);
      subscription.assign([]);
      gate.fire();
      await eventLoopTurn();
      assert.deepEqual([fatal.items, clock.pendingTimers], [[], 0]);
    });

    it("fails with 'none' as ever", async () => {
      const { positions, partition, cluster } = setup({ autoOffsetReset: 'none' });
      cluster.topic('orders', -1);
      await positions.begin([partition], { signal: new AbortController().signal });
      assert.equal(codeOf(thrownBy(partition)), 'NO_OFFSET_FOR_PARTITION');
    });
  });

  describe('in a log that was cut off', () => {
    /** Ten records from 50 on are buffered, read up to here. */
    async function reading(taken: number, options: ConsumerOptions = {}): Promise<Bundle> {
      const bundle = setup(options);
      bundle.partition.startAt(50);
      const records = await batchOf({ baseOffset: 50, values: Array.from({ length: 10 }, String) });
      bundle.partition.append(records, new AbortedTransactions([]), { checkCrcs: true });
      bundle.partition.take(taken);
      return bundle;
    }

    it('goes back to where it ends, warns, and tells that', async () => {
      const { positions, partition, logger } = await reading(10);
      positions.truncated(partition, { epoch: 4, endOffset: 53 });
      assert.deepEqual(standing(partition), [53, 53, 4]);
      const reset = { reason: 'log-truncated', from: 60, to: 53 };
      assert.deepEqual(partition.take(9), { topic: 'orders', partition: 0, records: [], nextOffset: 53, reset });
      assert.deepEqual(
        logger.at('warn').map(({ details }) => details),
        [{ topic: 'orders', partition: 0, offset: 60, endOffset: 53 }],
      );
    });

    it('drops what is buffered of the part that was cut off, and loses nothing before', async () => {
      const { positions, partition, logger } = await reading(2, { autoOffsetReset: 'none' });
      positions.truncated(partition, { epoch: 4, endOffset: 55 });
      assert.deepEqual(standing(partition), [52, 52, 4]); // 52 to 54 are fetched again
      assert.equal(partition.take(9), undefined);
      assert.equal(logger.at('warn').length, 0);
    });

    it('still tells why a position is one, if nobody was told yet', () => {
      const { positions, partition } = setup();
      const reset = { reason: 'out-of-range', from: 200, to: 60 } as const;
      for (const endOffset of [60, 53]) {
        partition.startAt(60, { reset });
        positions.truncated(partition, { epoch: 4, endOffset });
        const told = { topic: 'orders', partition: 0, records: [], nextOffset: endOffset };
        assert.deepEqual(partition.take(9), { ...told, reset: { ...reset, to: endOffset } });
      }
    });

    it('still tells a position that was found late, or moved without a record', async () => {
      const { positions, partition } = setup();
      partition.startAt(60, { told: true });
      positions.truncated(partition, { epoch: 4, endOffset: 61 });
      const told = { topic: 'orders', partition: 0, records: [], nextOffset: 60 };
      assert.deepEqual([partition.take(9), partition.take(9)], [told, undefined]);
      // Aborted, and opened at once, as it is compressed.
      const records = await batchOf({ baseOffset: 60, values: ['a'], compression: 'gzip', producerId: 7 });
      partition.append(records, new AbortedTransactions([{ producerId: 7, firstOffset: 60 }]), { checkCrcs: true });
      positions.truncated(partition, { epoch: 4, endOffset: 61 });
      assert.deepEqual([partition.take(9), partition.take(9)], [{ ...told, nextOffset: 61 }, undefined]);
    });

    it("stops with 'none' when records that were handed out are gone", async () => {
      const { positions, partition } = await reading(6, { autoOffsetReset: 'none' });
      positions.truncated(partition, { epoch: 4, endOffset: 53 });
      const error = thrownBy(partition);
      assert.deepEqual([error.code, (error as { offset?: number }).offset], ['LOG_TRUNCATION', 56]);
      assert.match(error.message, /from offset 53 up to 56/);
      partition.startAt(53);
      assert.equal(partition.take(1), undefined);
    });
  });
});
