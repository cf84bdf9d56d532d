import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AbortedTransactions } from '../../dist/consumer/aborted-transactions.js';
import type { AssignedPartition } from '../../dist/consumer/assigned-partition.js';
import { SubscriptionState } from '../../dist/consumer/subscription-state.js';
import { batchOf, corruptBatch } from './support/batches.js';

const at = (partition: number) => ({ topic: 'orders', partition });
const batches = await Promise.all([0, 2, 4].map((baseOffset) => batchOf({ baseOffset, values: ['a', 'b'] })));

function append(partition: AssignedPartition | undefined): void {
  const batch = batches.find((_, i) => i * 2 === partition?.buffer?.fetchOffset);
  if (batch !== undefined) partition?.append(batch, new AbortedTransactions([]), { checkCrcs: true });
}

const bytesOf = (partitions: readonly AssignedPartition[]): number =>
  partitions.reduce((sum, { buffer }) => sum + (buffer?.bytes ?? 0), 0);

/** Takes a record of each partition that is visited. */
function visited(subscription: SubscriptionState, most = Infinity): number[] {
  const numbers: number[] = [];
  subscription.visitReady((partition) => {
    if (numbers.length >= most) return false;
    numbers.push(partition.partition);
    partition.take(1);
    return true;
  });
  return numbers;
}

describe('SubscriptionState', () => {
  it('visits what is ready in turn, and goes on where it stopped', () => {
    const subscription = new SubscriptionState(() => undefined);
    for (const partition of subscription.assign([0, 1, 2, 3].map(at))) partition.startAt(0);
    subscription.activate();
    for (const partition of [0, 1, 3]) append(subscription.get(at(partition)));
    assert.deepEqual([visited(subscription, 2), visited(subscription, 2)], [[0, 1], [3, 0]]); // prettier-ignore
    assert.deepEqual(visited(subscription), [1, 3]);
    assert.deepEqual(visited(subscription), []);
  });

  it('comes again to one that it threw for, before all others', () => {
    const subscription = new SubscriptionState(() => undefined);
    for (const partition of subscription.assign([0, 1].map(at))) partition.startAt(0);
    subscription.activate();
    for (const partition of [0, 1]) append(subscription.get(at(partition)));
    const broken = (): void =>
      subscription.visitReady(({ partition }) => {
        throw new Error(String(partition));
      });
    assert.throws(broken, /0/);
    assert.throws(broken, /0/);
  });

  it('keeps what stays assigned as it is, and begins anew with what was gone in between', () => {
    const subscription = new SubscriptionState(() => undefined);
    const [zero, one] = subscription.assign([0, 1].map(at));
    assert.deepEqual(subscription.assign([1, 2].map(at)).slice(0, 1), [one]);
    assert.notEqual(subscription.assign([0, 1].map(at))[0], zero);
    assert.deepEqual([subscription.isCurrent(zero!), subscription.isCurrent(one!)], [false, true]);
  });

  it('hears of a corrupt batch that is found only when its turn comes', async () => {
    const subscription = new SubscriptionState(() => undefined);
    const [one] = subscription.assign([at(0)]);
    one!.startAt(0);
    subscription.activate();
    for (const records of [batches[0]!, await corruptBatch(2), await batchOf({ baseOffset: 3, values: ['after'] })]) {
      one!.append(records, new AbortedTransactions([]), { checkCrcs: true });
    }
    one!.take(2);
    subscription.takeChanged();
    assert.throws(() => one!.take(1), { code: 'CORRUPT_BATCH' });
    assert.deepEqual(subscription.takeChanged(), [one]);
    assert.deepEqual([subscription.bufferedBytes, one!.buffer?.fetchOffset], [0, 2]);
  });

  it('knows what is ready, what is buffered and what changed, whatever happens', () => {
    const what = fc.constantFrom(
      ...(['append', 'take', 'seek', 'lose', 'pause', 'resume', 'assign', 'activate', 'deactivate'] as const),
    );
    const event = fc.record({ what, partition: fc.nat(3), assigned: fc.uniqueArray(fc.nat(3)) });
    const law = fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
      const subscription = new SubscriptionState(() => undefined);
      const states = new Map<AssignedPartition, string>();
      const stateOf = (one: AssignedPartition): string =>
        JSON.stringify([
          subscription.isCurrent(one),
          one.active,
          one.paused,
          one.buffer?.fetchOffset,
          one.buffer?.bytes,
        ]);
      for (const { what: happened, partition, assigned } of events) {
        const one = subscription.get(at(partition));
        if (happened === 'append') append(one);
        else if (happened === 'take') one?.take(1);
        else if (happened === 'seek') one?.startAt(0);
        else if (happened === 'lose') one?.losePosition('out-of-range');
        else if (happened === 'pause' && one) one.paused = true;
        else if (happened === 'resume' && one) one.paused = false;
        else if (happened === 'assign') subscription.assign(assigned.map(at));
        else if (happened === 'activate') subscription.activate();
        else subscription.deactivate();

        const all = subscription.partitions;
        const changed = new Set(subscription.takeChanged());
        for (const [known, before] of states) assert.ok(stateOf(known) === before || changed.has(known), happened);
        for (const known of new Set([...states.keys(), ...all])) states.set(known, stateOf(known));
        assert.equal(subscription.bufferedBytes, bytesOf(all));
        const pollable = all.filter(({ active, paused }) => active && !paused);
        assert.equal(subscription.pollableBytes, bytesOf(pollable));
        const ready: AssignedPartition[] = [];
        subscription.visitReady((known) => ready.push(known) > 0);
        assert.deepEqual(new Set(ready), new Set(all.filter(({ isReady }) => isReady)));
        assert.equal(new Set(ready).size, ready.length);
      }
    });
    fc.assert(law, { numRuns: 300 });
  });
});
