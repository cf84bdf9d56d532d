import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CommittedOffsets } from '../../dist/groups/committed-offsets.js';

const committed = (offset: number, partition = 0, topic = 'orders') => ({
  topic,
  partition,
  offset,
  leaderEpoch: -1,
  metadata: '',
});

describe('committed offsets', () => {
  it('of a transaction count when it is committed, and are forgotten when it is not', () => {
    const offsets = new CommittedOffsets();
    offsets.stage(1, committed(5));
    offsets.stage(2, committed(9, 1));
    assert.equal(offsets.get('orders', 0), undefined);
    offsets.completeTransaction(1, true);
    offsets.completeTransaction(2, false);
    assert.equal(offsets.get('orders', 0)?.offset, 5);
    assert.equal(offsets.get('orders', 1), undefined);
  });

  it('are unstable while a transaction has others in store', () => {
    const offsets = new CommittedOffsets();
    offsets.commit(committed(1));
    offsets.stage(1, committed(5));
    offsets.stage(2, committed(6));
    assert.equal(offsets.isUnstable('orders', 0), true);
    assert.equal(offsets.isUnstable('orders', 1), false);
    offsets.completeTransaction(1, false);
    assert.equal(offsets.isUnstable('orders', 0), true);
    offsets.completeTransaction(2, true);
    assert.equal(offsets.isUnstable('orders', 0), false);
  });

  it('of a transaction give way to a plain commit that came after them', () => {
    const offsets = new CommittedOffsets();
    offsets.commit(committed(1));
    offsets.stage(1, committed(5));
    offsets.commit(committed(3));
    offsets.completeTransaction(1, true);
    assert.equal(offsets.get('orders', 0)?.offset, 3);
  });

  it('of a deleted topic are gone, those of open transactions too', () => {
    const offsets = new CommittedOffsets();
    offsets.commit(committed(1));
    offsets.commit(committed(2, 0, 'refunds'));
    offsets.stage(1, committed(5, 1));
    offsets.deleteTopic('orders');
    offsets.completeTransaction(1, true);
    assert.deepEqual(offsets.all(), [committed(2, 0, 'refunds')]);
  });

  it('are those of the last request for the partition whose transaction, if any, is committed', () => {
    const step = fc.record({
      kind: fc.constantFrom('commit' as const, 'stage' as const, 'commit transaction' as const, 'abort' as const),
      producerId: fc.integer({ min: 1, max: 3 }),
      partition: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const offsets = new CommittedOffsets();
        const model: { offset: number; partition: number; producerId?: number; state: string }[] = [];
        steps.forEach(({ kind, producerId, partition }, offset) => {
          if (kind === 'commit') {
            offsets.commit(committed(offset, partition));
            model.push({ offset, partition, state: 'visible' });
          } else if (kind === 'stage') {
            offsets.stage(producerId, committed(offset, partition));
            model.push({ offset, partition, producerId, state: 'staged' });
          } else {
            const isCommitted = kind === 'commit transaction';
            offsets.completeTransaction(producerId, isCommitted);
            for (const entry of model) {
              if (entry.producerId !== producerId || entry.state !== 'staged') continue;
              entry.state = isCommitted ? 'visible' : 'aborted';
            }
          }
        });
        for (const partition of [0, 1, 2]) {
          const own = model.filter((entry) => entry.partition === partition);
          assert.equal(
            offsets.get('orders', partition)?.offset,
            own.findLast(({ state }) => state === 'visible')?.offset,
          );
          assert.equal(
            offsets.isUnstable('orders', partition),
            own.some(({ state }) => state === 'staged'),
          );
        }
      }),
    );
  });
});
