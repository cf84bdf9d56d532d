import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AbortedTransactions } from '../../dist/consumer/aborted-transactions.js';
import { FetchPlan, standingOf, type Fetch, type FetchEntry } from '../../dist/consumer/fetch-plan.js';
import type { AssignedPartition } from '../../dist/consumer/assigned-partition.js';
import { SubscriptionState } from '../../dist/consumer/subscription-state.js';
import { batchOf } from './support/batches.js';

const MAX_WAIT_MS = 500;
const NOW_MS = 100;
const MAX_PARTITION_BYTES = 1_000;

const partitions = (count: number): readonly AssignedPartition[] => {
  const subscription = new SubscriptionState(() => undefined);
  const assigned = subscription.assign(Array.from({ length: count }, (_, partition) => ({ topic: 't', partition })));
  for (const partition of assigned) partition.startAt(0);
  subscription.activate();
  return assigned;
};

const entryOf = (assigned: AssignedPartition): FetchEntry => ({
  topic: assigned.topic,
  topicId: undefined,
  partition: assigned.partition,
  fetchOffset: assigned.buffer!.fetchOffset,
  leaderEpoch: 0,
  lastFetchedEpoch: -1,
  assigned,
  buffer: assigned.buffer!,
});

const summary = (fetch: Fetch | undefined): unknown =>
  fetch && [fetch.role, fetch.entries.map(({ partition }) => partition), fetch.maxWaitMs];

/** A plan of three wanted partitions. */
function setup() {
  const [plan, assigned] = [new FetchPlan(), partitions(3)];
  for (const partition of assigned) plan.want(entryOf(partition));
  const next = (): Fetch => plan.next(MAX_WAIT_MS) ?? assert.fail('nothing to fetch');
  const answered = (fetch: Fetch): void => plan.answered(fetch, 0, 7);
  const [a, b, c] = assigned as [AssignedPartition, AssignedPartition, AssignedPartition];
  return { plan, next, answered, a, b, c };
}

describe('FetchPlan', () => {
  it('asks for all wanted partitions in one long poll, one at a time', () => {
    const { plan, next, answered } = setup();
    const first = next();
    assert.deepEqual(summary(first), ['fetch', [0, 1, 2], 500]);
    assert.equal(plan.next(MAX_WAIT_MS), undefined);
    answered(first);
    assert.deepEqual(summary(next()), ['fetch', [], 500]); // the session knows them
  });

  it('hurries no broker for a partition that is full or left alone: when it is wanted again, the spare connection is there', () => {
    const { plan, next, answered, a } = setup();
    plan.drop(a);
    const first = next();
    assert.deepEqual(summary(first), ['fetch', [1, 2], 500]);
    answered(first);
    assert.deepEqual(summary(next()), ['fetch', [], 500]);
    plan.want(entryOf(a));
    assert.deepEqual(summary(next()), ['spare', [0], 5]);
  });

  it('fetches nothing when nothing is wanted', () => {
    const { plan, a, b, c } = setup();
    for (const one of [a, b, c]) plan.drop(one);
    assert.equal(plan.next(MAX_WAIT_MS), undefined);
  });

  it('fetches what comes to be wanted over the spare connection while a fetch is held', () => {
    const { plan, next, answered, a, b } = setup();
    plan.drop(a);
    plan.drop(b);
    const held = next();
    plan.want(entryOf(a));
    b.startAt(40);
    plan.want(entryOf(b));
    const spare = next();
    assert.deepEqual(summary(spare), ['spare', [0, 1], 5]);
    assert.deepEqual([spare.sessionId, spare.sessionEpoch], [0, -1]);
    assert.deepEqual([a.isOnSpare, b.isOnSpare], [true, true]);
    answered(held);
    assert.deepEqual(summary(next()), ['fetch', [], 5]); // those on the spare connection are not asked for twice
    answered(spare);
    assert.deepEqual([a.isOnSpare, b.isOnSpare], [false, false]);
  });

  it('comes back to one long poll for all, however the two connections answer', () => {
    const { plan, next, answered, a } = setup();
    plan.drop(a);
    const long = next();
    plan.want(entryOf(a));
    const spare = next();
    answered(long);
    const brief = next();
    answered(spare);
    plan.want(entryOf(a));
    assert.equal(plan.next(MAX_WAIT_MS), undefined); // on the spare connection again it would never end
    answered(brief);
    assert.deepEqual(summary(next()), ['fetch', [0], 500]);
  });

  it('waits for a fetch that asks for the same, and not for one that asks for what was sought away from', () => {
    const { plan, next, a, b } = setup();
    next();
    plan.drop(a); // paused and resumed
    plan.want(entryOf(a));
    assert.equal(plan.next(MAX_WAIT_MS), undefined);
    b.startAt(0);
    plan.want(entryOf(b));
    assert.deepEqual(summary(plan.next(MAX_WAIT_MS)), ['spare', [1], 5]);
  });

  it('does not let go of a new assignment for an old one of the same partition', () => {
    const { plan, next } = setup();
    const [again] = partitions(1);
    plan.want(entryOf(again!));
    plan.drop(setup().a);
    assert.deepEqual(summary(next()), ['fetch', [1, 2, 0], 500]);
  });

  it('never asks twice for a partition, has all wanted ones on their way, and hurries when one is left out', () => {
    const op = fc.oneof(
      fc.record({ what: fc.constantFrom('want', 'drop', 'seek'), at: fc.nat(4) }),
      fc.record({ what: fc.constantFrom('send', 'answer-fetch', 'answer-spare', 'lose-fetch'), at: fc.nat(4) }),
    );
    const law = fc.property(fc.array(op, { maxLength: 80, size: 'max' }), (ops) => {
      const [plan, assigned] = [new FetchPlan(), partitions(5)];
      const wanted = new Set<AssignedPartition>();
      const out = new Map<Fetch['role'], Fetch>();
      const place = (one: AssignedPartition, standing: 'want' | 'drop'): void => {
        if (standing === 'want') wanted.add(one);
        else wanted.delete(one);
        tell(one);
      };
      const tell = (one: AssignedPartition): void => {
        if (wanted.has(one) && !one.isOnSpare) plan.want(entryOf(one));
        else plan.drop(one);
      };
      const isAsked = (fetch: Fetch | undefined, one: AssignedPartition): boolean =>
        fetch?.asked(one.key)?.buffer === one.buffer;
      const send = (): void => {
        for (let fetch = plan.next(MAX_WAIT_MS); fetch !== undefined; fetch = plan.next(MAX_WAIT_MS)) {
          assert.ok(!out.has(fetch.role), 'one at a time');
          if (fetch.role === 'fetch') {
            assert.equal(fetch.maxWaitMs, out.has('spare') ? 5 : MAX_WAIT_MS);
          }
          out.set(fetch.role, fetch);
        }
        for (const one of assigned)
          assert.ok(!(isAsked(out.get('fetch'), one) && isAsked(out.get('spare'), one)), 'asked twice');
        const left = [...wanted].filter((one) => !isAsked(out.get('fetch'), one) && !isAsked(out.get('spare'), one));
        const isNextSoon = out.has('spare') || out.get('fetch')?.maxWaitMs === 5;
        assert.ok(left.length === 0 || isNextSoon, 'left behind');
      };
      for (const { what, at } of ops) {
        const one = assigned[at]!;
        if (what === 'want' || what === 'drop') place(one, what);
        else if (what === 'seek') {
          one.startAt(at);
          tell(one);
        } else if (what === 'send') send();
        else {
          const role = what === 'answer-spare' ? 'spare' : 'fetch';
          const ended = out.get(role);
          if (ended === undefined) continue;
          out.delete(role);
          if (what === 'lose-fetch') plan.lost(ended);
          else plan.answered(ended, 0, 7);
          for (const { assigned: again } of ended.entries) tell(again);
        }
      }
      send();
    });
    fc.assert(law, { numRuns: 500 });
  });
});

describe('standingOf', () => {
  const standing = (change: (partition: AssignedPartition) => void): string => {
    const [partition] = partitions(1);
    change(partition!);
    return standingOf(partition!, NOW_MS, MAX_PARTITION_BYTES);
  };

  it('wants what is read and has room', async () => {
    const half = await batchOf({ baseOffset: 0, values: ['x'.repeat(500)] });
    assert.equal(
      standing(() => undefined),
      'wanted',
    );
    assert.equal(
      standing((one) => one.append(half, new AbortedTransactions([]), { checkCrcs: true })),
      'wanted',
    );
  });

  it('holds back what is full, or left alone for a while', async () => {
    const full = await batchOf({ baseOffset: 0, values: ['x'.repeat(1_500)] });
    assert.equal(
      standing((one) => one.append(full, new AbortedTransactions([]), { checkCrcs: true })),
      'held-back',
    );
    assert.equal(
      standing((one) => one.backOff(NOW_MS + 1)),
      'held-back',
    );
    assert.equal(
      standing((one) => one.backOff(NOW_MS)),
      'wanted',
    );
  });

  it('waits for the spare connection, but not with a position that it does not fetch for', () => {
    const onSpare = (one: AssignedPartition): void => one.fetchedOnSpare(one.buffer!);
    assert.equal(standing(onSpare), 'busy');
    const sought = (one: AssignedPartition): void => {
      onSpare(one);
      one.startAt(7);
    };
    assert.equal(standing(sought), 'wanted');
  });

  it('does not read what is paused, given up, broken or without a position', () => {
    for (const change of [
      (one: AssignedPartition) => void (one.paused = true),
      (one: AssignedPartition) => void (one.active = false),
      (one: AssignedPartition) => one.losePosition('out-of-range'),
      (one: AssignedPartition) => one.append(Buffer.alloc(80), new AbortedTransactions([]), { checkCrcs: true }),
    ]) {
      assert.equal(standing(change), 'idle');
    }
  });
});
