import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BrokerError } from '../../dist/broker-error.js';
import {
  fencedIdentity,
  nextIdentity,
  unusedIdentity,
  type ProducerIdAndEpoch,
  type ProducerIdentity,
} from '../../dist/transactions/producer-identity.js';

const newId = () => 900;
const identity = (producerEpoch: number, follows?: ProducerIdAndEpoch): ProducerIdentity => ({
  producerId: 7,
  producerEpoch,
  follows,
});
const isFenced = { name: 'BrokerError', errorName: 'PRODUCER_FENCED' };

describe('the next identity of a transactional id', () => {
  it('begins at epoch 0, whatever the first producer says it was', () => {
    const unused = unusedIdentity(7);
    assert.deepEqual(nextIdentity(unused, undefined, newId), identity(0));
    const was = { producerId: 5, producerEpoch: 9 };
    assert.deepEqual(nextIdentity(unused, was, newId), identity(0, was));
  });

  it('is an epoch on for a producer that comes new, and for the one that says it is the current one', () => {
    assert.deepEqual(nextIdentity(identity(3), undefined, newId), identity(4));
    assert.deepEqual(nextIdentity(identity(3), identity(3), newId), identity(4, identity(3)));
  });

  it('is told again to the producer that asked for it and did not hear', () => {
    const current = nextIdentity(identity(3), { producerId: 7, producerEpoch: 3 }, newId);
    assert.equal(nextIdentity(current, { producerId: 7, producerEpoch: 3 }, newId), current);
  });

  it('is told to the producer that was fenced by its own time-out', () => {
    const current = fencedIdentity(identity(3));
    assert.equal(nextIdentity(current, { producerId: 7, producerEpoch: 3 }, newId), current);
  });

  for (const [who, was] of Object.entries({
    'an older epoch': { producerId: 7, producerEpoch: 2 },
    'an epoch that does not exist yet': { producerId: 7, producerEpoch: 4 },
    'another id': { producerId: 8, producerEpoch: 3 },
  })) {
    it(`is not for ${who}`, () => {
      assert.throws(() => nextIdentity(identity(3), was, newId), isFenced);
    });
  }

  it('is not for the one before, once another came', () => {
    const followed = nextIdentity(identity(3), { producerId: 7, producerEpoch: 3 }, newId);
    const current = nextIdentity(followed, undefined, newId);
    assert.throws(() => nextIdentity(current, { producerId: 7, producerEpoch: 3 }, newId), isFenced);
    assert.throws(() => nextIdentity(current, { producerId: 7, producerEpoch: 4 }, newId), isFenced);
  });

  it('is a new id once the epochs are used up, told again as well', () => {
    assert.deepEqual(nextIdentity(identity(32_765), undefined, newId), identity(32_766));
    assert.deepEqual(nextIdentity(identity(32_766), undefined, newId), { ...identity(0), producerId: 900 });
    const was = { producerId: 7, producerEpoch: 32_766 };
    const rotated = nextIdentity(identity(32_766), was, newId);
    assert.deepEqual(rotated, { producerId: 900, producerEpoch: 0, follows: was });
    assert.equal(nextIdentity(rotated, was, newId), rotated);
  });

  it('is a new id for the producer that was fenced at the last epoch: the one that fenced it is no one’s', () => {
    const current = fencedIdentity(identity(32_766));
    assert.equal(current.producerEpoch, 32_767);
    const was = { producerId: 7, producerEpoch: 32_766 };
    assert.deepEqual(nextIdentity(current, was, newId), { producerId: 900, producerEpoch: 0, follows: was });
  });

  it('stays within what a batch can hold if the epoch that fences is fenced', () => {
    assert.equal(fencedIdentity(identity(32_767)).producerEpoch, 32_767);
  });

  it('is never told to two producers, nor beyond what a batch can hold', () => {
    const step = fc.oneof(fc.constantFrom('a new producer', 'an abort'), fc.record({ ago: fc.nat(3) }));
    fc.assert(
      fc.property(fc.integer({ min: 32_755, max: 32_766 }), fc.array(step, { maxLength: 40 }), (epoch, steps) => {
        let current = identity(epoch);
        let ids = 900;
        /** Every identity that was told, with the producer that it was told to. */
        const told = [{ ...current, producer: 0 }];
        const tell = (producer: number, was?: ProducerIdAndEpoch): void => {
          current = nextIdentity(current, was, () => ids++);
          assert.ok(current.producerEpoch >= 0 && current.producerEpoch <= 32_766);
          const same = told.find(
            (one) => one.producerId === current.producerId && one.producerEpoch === current.producerEpoch,
          );
          assert.ok(same === undefined || same.producer === producer, 'told to two producers');
          told.push({ ...current, producer });
        };
        for (const [index, one] of steps.entries()) {
          if (one === 'an abort') current = fencedIdentity(current);
          else if (typeof one === 'string') tell(index + 1);
          else {
            const asker = told.at(-1 - one.ago) ?? told[0]!;
            try {
              tell(asker.producer, asker);
            } catch (error) {
              assert.ok(error instanceof BrokerError, String(error));
            }
          }
        }
      }),
    );
  });
});
