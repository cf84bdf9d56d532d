import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planFetches, type Fetch, type FetchPlan } from '../../dist/consumer/fetch-plan.js';
import { AbortedTransactions } from '../../dist/consumer/aborted-transactions.js';
import { AssignedPartition } from '../../dist/consumer/subscription-state.js';
import { batchOf } from './support/batches.js';

const LIMITS = { fetchMaxWaitMs: 500, fetchMaxBytes: 10_000, maxPartitionFetchBytes: 1_000 };
const NOW_MS = 100;

interface Init {
  readonly leader?: number | undefined;
  readonly paused?: boolean;
  readonly active?: boolean;
  /** Roughly so many bytes buffered. */
  readonly buffered?: number;
  readonly fetching?: boolean;
  readonly retryAtMs?: number;
  readonly positioned?: boolean;
}

const bytesOf = new Map<number, Buffer>();
for (const size of [500, 1_500]) bytesOf.set(size, await batchOf({ baseOffset: 0, values: ['x'.repeat(size)] }));

function plan(inits: readonly Init[], busy: readonly string[] = [], limits = LIMITS): FetchPlan & { of: typeof inits } {
  const leaders = new Map<AssignedPartition, number | undefined>();
  const partitions = inits.map((init, partition) => {
    const assigned = new AssignedPartition({ topic: 't', partition }, () => undefined);
    assigned.active = init.active ?? true;
    assigned.paused = init.paused ?? false;
    if (init.positioned ?? true) assigned.startAt(0);
    const batch = bytesOf.get(init.buffered ?? 0);
    if (batch !== undefined) assigned.buffer?.append(batch, new AbortedTransactions([]), { checkCrcs: true });
    if (init.fetching === true) assigned.fetchingFor = assigned.buffer;
    assigned.retryAtMs = init.retryAtMs ?? 0;
    leaders.set(assigned, 'leader' in init ? init.leader : 1);
    return assigned;
  });
  const world = {
    nowMs: NOW_MS,
    leaderOf: (partition: AssignedPartition) => leaders.get(partition),
    isBusy: (nodeId: number, role: Fetch['role']) => busy.includes(`${nodeId}/${role}`),
  };
  return { ...planFetches(partitions, world, limits), of: inits };
}

const summary = ({ fetches }: FetchPlan): unknown[] =>
  fetches.map(({ nodeId, role, partitions, maxWaitMs }) => [
    nodeId,
    role,
    partitions.map(({ partition }) => partition),
    maxWaitMs,
  ]);

describe('planFetches', () => {
  it('asks each leader for all of its partitions in one long poll', () => {
    assert.deepEqual(summary(plan([{ leader: 1 }, { leader: 2 }, { leader: 1 }])), [
      [1, 'fetch', [0, 2], 500],
      [2, 'fetch', [1], 500],
    ]);
  });

  it('fetches ahead until a buffer is full', () => {
    assert.deepEqual(summary(plan([{ buffered: 500 }])), [[1, 'fetch', [0], 500]]);
    const full = plan([{ buffered: 1_500 }]);
    assert.deepEqual([summary(full), full.isHeldBack], [[], true]);
  });

  it('lets the broker wait only briefly while a partition of it is left out', () => {
    assert.deepEqual(summary(plan([{ buffered: 1_500 }, {}])), [[1, 'fetch', [1], 5]]);
    assert.deepEqual(summary(plan([{ retryAtMs: NOW_MS + 1 }, {}])), [[1, 'fetch', [1], 5]]);
    assert.deepEqual(summary(plan([{}], ['1/spare'])), [[1, 'fetch', [0], 5]]);
  });

  it('leaves out what is paused, given up, broken or without a position, and does not hurry for it', () => {
    const others: Init[] = [{ paused: true }, { active: false }, { positioned: false }];
    assert.deepEqual(summary(plan([...others, {}])), [[1, 'fetch', [3], 500]]);
  });

  it('fetches what has nothing over the spare connection while a fetch is held', () => {
    const held: Init = { fetching: true };
    assert.deepEqual(summary(plan([held, {}, { buffered: 500 }], ['1/fetch'])), [[1, 'spare', [1], 5]]);
    assert.deepEqual(summary(plan([held, {}], ['1/fetch', '1/spare'])), []);
    assert.deepEqual(summary(plan([held, { buffered: 500 }], ['1/fetch'])), []);
  });

  it('fetches nothing while all partitions together hold as much as they may', () => {
    const full = plan([{ buffered: 500 }, {}], [], { ...LIMITS, fetchMaxBytes: 500 });
    assert.deepEqual([summary(full), full.isHeldBack], [[], true]);
  });

  it('tells which partitions nobody leads, unless that was just tried', () => {
    const { leaderless } = plan([{ leader: undefined }, { leader: undefined, retryAtMs: NOW_MS + 1 }]);
    assert.deepEqual(
      leaderless.map(({ partition }) => partition),
      [0],
    );
  });

  it('never asks twice for one partition, nor on a busy connection, nor beyond the limits', () => {
    const init = fc.record({
      leader: fc.option(fc.nat(2), { nil: undefined }),
      paused: fc.boolean(),
      active: fc.boolean(),
      buffered: fc.constantFrom(0, 500, 1_500),
      fetching: fc.boolean(),
      retryAtMs: fc.constantFrom(0, NOW_MS, NOW_MS + 1),
      positioned: fc.boolean(),
    });
    const busy = fc.subarray(['0/fetch', '0/spare', '1/fetch', '1/spare', '2/fetch']);
    const law = fc.property(fc.array(init, { maxLength: 12 }), busy, (inits, busyNow) => {
      const { fetches } = plan(inits, busyNow);
      const asked = fetches.flatMap(({ partitions }) => partitions.map(({ partition }) => inits[partition]!));
      assert.equal(new Set(asked).size, asked.length);
      for (const { nodeId, role, partitions, maxBytes } of fetches) {
        assert.ok(partitions.length > 0 && maxBytes > 0 && !busyNow.includes(`${nodeId}/${role}`));
        for (const { partition } of partitions) assert.equal(inits[partition]?.leader, nodeId);
      }
      for (const one of asked) {
        assert.ok(one.active && !one.paused && one.positioned && one.retryAtMs <= NOW_MS && one.buffered < 1_500);
        assert.ok(!one.fetching);
      }
    });
    fc.assert(law);
  });
});
