import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Coordinators } from '../../dist/cluster/coordinators.js';

const KEYS = Array.from({ length: 200 }, (_, i) => `group-${i}`);

function setup(count: number) {
  const nodeIds = Array.from({ length: count }, (_, i) => i + 1);
  const down = new Set<number>();
  return { nodeIds, down, coordinators: new Coordinators(nodeIds, (nodeId) => !down.has(nodeId)) };
}

describe('Coordinators', () => {
  it('go where Kafka with 50 partitions of offsets would have them', () => {
    const { coordinators } = setup(3);
    // Java: Math.abs("billing".hashCode()) % 50 is 9.
    assert.equal(coordinators.of('group', 'billing'), (9 % 3) + 1);
  });

  it('are spread over all brokers', () => {
    const { coordinators, nodeIds } = setup(3);
    for (const nodeId of nodeIds) {
      const share = KEYS.filter((key) => coordinators.of('group', key) === nodeId).length;
      assert.ok(share > KEYS.length / 6, `${share} of ${KEYS.length} go to broker ${nodeId}`);
    }
  });

  it('that a broker takes along when it goes come back with it, and no others move', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(5), fc.string(), (count, index, key) => {
        const { coordinators, down } = setup(count);
        const gone = 1 + (index % count);
        const before = coordinators.of('group', key);
        down.add(gone);
        const meanwhile = coordinators.of('group', key);
        assert.notEqual(meanwhile, gone);
        if (before !== gone) assert.equal(meanwhile, before);
        down.delete(gone);
        assert.equal(coordinators.of('group', key), before);
      }),
    );
  });

  it('stay where they were moved to while that broker is live, those of other types where they are', () => {
    const { coordinators, down } = setup(3);
    const home = coordinators.of('group', 'g');
    const elsewhere = (home % 3) + 1;
    coordinators.move('group', 'g', elsewhere);
    assert.equal(coordinators.of('group', 'g'), elsewhere);
    assert.equal(coordinators.of('transaction', 'g'), home);
    down.add(elsewhere);
    assert.equal(coordinators.of('group', 'g'), home);
    down.delete(elsewhere);
    assert.equal(coordinators.of('group', 'g'), elsewhere);
  });

  it('are nowhere without a live broker', () => {
    const { coordinators, down } = setup(1);
    down.add(1);
    assert.equal(coordinators.of('group', 'g'), -1);
  });
});
