import assert from 'node:assert/strict';
import fc from 'fast-check';
import { placeReplicas } from '../../dist/cluster/replica-placement.js';
import { refused } from '../refused.js';

const two = { live: [1, 2], down: [] };

describe('placeReplicas', () => {
  it('goes round the brokers', () => {
    assert.deepEqual(placeReplicas({ live: [1, 2, 3], down: [] }, { partitions: 4, replicationFactor: 2 }), [
      [1, 2],
      [2, 3],
      [3, 1],
      [1, 2],
    ]);
  });

  it('spreads leaders evenly over live brokers, whatever is down, and goes on where it was', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(ids, fc.nat(7), fc.nat(20), fc.nat(20), fc.nat(), (nodeIds, dead, before, added, factor) => {
        const live = nodeIds.slice(Math.min(dead, nodeIds.length - 1));
        const down = nodeIds.filter((nodeId) => !live.includes(nodeId));
        const replicationFactor = 1 + (factor % nodeIds.length);
        const place = (partitions: number, from: number): (readonly number[])[] =>
          partitions === 0 ? [] : placeReplicas({ live, down }, { partitions, replicationFactor }, from);
        const all = place(before + added, 0);
        assert.deepEqual([...place(before, 0), ...place(added, before)], all);
        for (const replicas of all) assert.equal(new Set(replicas).size, replicationFactor);
        const led = live.map((nodeId) => all.filter(([leader]) => leader === nodeId).length);
        assert.equal(
          led.reduce((sum, count) => sum + count, 0),
          all.length,
        );
        assert.ok(Math.max(...led) - Math.min(...led) <= 1);
      }),
    );
  });

  it('refuses what cannot be', () => {
    const place = (partitions: number, replicationFactor: number) => () =>
      placeReplicas(two, { partitions, replicationFactor });
    assert.throws(place(0, 1), refused('INVALID_PARTITIONS'));
    assert.throws(place(-5, 1), refused('INVALID_PARTITIONS'));
    assert.throws(place(2 ** 31 - 1, 1), refused('POLICY_VIOLATION'));
    assert.throws(place(1, 0), refused('INVALID_REPLICATION_FACTOR'));
    assert.throws(place(1, 3), refused('INVALID_REPLICATION_FACTOR'));
  });

  it('takes assignments as they are, if they can be', () => {
    const place = (...assignments: readonly (readonly number[])[]) =>
      placeReplicas(two, { partitions: -1, replicationFactor: -1, assignments });
    assert.deepEqual(place([2], [1]), [[2], [1]]);
    for (const wrong of [[[]], [[3]], [[1, 1]], [[1], [1, 2]]]) {
      assert.throws(() => place(...wrong), refused('INVALID_REPLICA_ASSIGNMENT'));
    }
  });
});
