import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isBefore, PartitionSequences, sequenceAfter } from '../../dist/producer/partition-sequences.js';
import { ProducerIdentity } from '../../dist/producer/producer-identity.js';

const sequence = fc.oneof(fc.nat(2 ** 31 - 1), fc.integer({ min: 2 ** 31 - 20, max: 2 ** 31 - 1 }), fc.nat(20));

describe('sequences', () => {
  it('go on at 0 after 2^31 - 1', () => {
    assert.equal(sequenceAfter(0, 10), 10);
    assert.equal(sequenceAfter(2 ** 31 - 2, 1), 2 ** 31 - 1);
    assert.equal(sequenceAfter(2 ** 31 - 1, 1), 0);
    assert.equal(sequenceAfter(2 ** 31 - 3, 10), 7);
  });

  it('come before those that count on from them, also where they begin again', () => {
    fc.assert(
      fc.property(sequence, fc.integer({ min: 1, max: 2 ** 30 - 1 }), (first, count) => {
        const second = sequenceAfter(first, count);
        assert.deepEqual(
          [isBefore(first, second), isBefore(second, first), isBefore(first, first)],
          [true, false, false],
        );
      }),
    );
  });

  it('of a partition have no gaps and no overlaps, over claims, acknowledgements and rewinds', () => {
    const step = fc.record({ recordCount: fc.integer({ min: 1, max: 9 }), then: fc.constantFrom('ack', 'rewind') });
    fc.assert(
      fc.property(sequence, fc.array(step), (start, steps) => {
        const sequences = new PartitionSequences(new ProducerIdentity(1, 0));
        sequences.next = sequences.expected = start;
        let [expected] = [start];
        for (const { recordCount, then } of steps) {
          const claimed = sequences.claim(recordCount);
          assert.equal(claimed, expected);
          if (then === 'rewind') sequences.rewind();
          else sequences.acknowledge(claimed, recordCount, -1, 0);
          if (then === 'ack') expected = sequenceAfter(expected, recordCount);
        }
      }),
    );
  });

  it('do not go back when an older batch is acknowledged after a newer one', () => {
    const sequences = new PartitionSequences(new ProducerIdentity(1, 0));
    sequences.acknowledge(3, 2, 3, 1);
    sequences.acknowledge(0, 3, 0, 2);
    assert.deepEqual([sequences.expected, sequences.isSpent], [5, false]);
  });

  it('are spent exactly if a batch stands where there is no room for all before it', () => {
    const batch = fc.record({ recordCount: fc.integer({ min: 1, max: 9 }), others: fc.nat(3), isTold: fc.boolean() });
    fc.assert(
      fc.property(sequence, fc.array(batch, { minLength: 1 }), fc.integer({ min: 1, max: 9 }), (start, log, gap) => {
        const sequences = new PartitionSequences(new ProducerIdentity(1, 0));
        sequences.next = sequences.expected = start;
        let offset = 0;
        let least = 0;
        for (const { recordCount, others, isTold } of log) {
          offset += others;
          sequences.acknowledge(sequences.claim(recordCount), recordCount, isTold ? offset : -1, 0);
          least = isTold ? offset + recordCount : least + recordCount;
          offset += recordCount;
        }
        assert.equal(sequences.isSpent, false, 'one log');
        sequences.claim(gap);
        sequences.acknowledge(sequences.claim(1), 1, least + gap - 1, 0);
        assert.equal(sequences.isSpent, true);
      }),
    );
  });
});
