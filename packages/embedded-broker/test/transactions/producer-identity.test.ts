import assert from 'node:assert/strict';
import fc from 'fast-check';
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

  it('is never one that was told to another, nor beyond what a batch can hold', () => {
    const step = fc.oneof(
      fc.constant('new' as const),
      fc.constant('fence' as const),
      fc.record({ ago: fc.nat(3) }), // a producer that was told an identity some time ago asks on
    );
    fc.assert(
      fc.property(fc.integer({ min: 32_755, max: 32_766 }), fc.array(step, { maxLength: 40 }), (epoch, steps) => {
        let ids = 900;
        let current: ProducerIdentity = identity(epoch);
        const told: ProducerIdentity[] = [current];
        const holders = [0]; // who was told each of `told`; the last one told is current
        let producers = 1;
        for (const one of steps) {
          if (one === 'fence') {
            if (current.producerEpoch <= 32_766) current = fencedIdentity(current);
            continue;
          }
          const at = told.length - 1 - (one === 'new' ? 0 : one.ago);
          const was = one === 'new' ? undefined : told[at];
          if (one !== 'new' && was === undefined) continue;
          let next: ProducerIdentity;
          try {
            next = nextIdentity(current, was, () => ids++);
          } catch {
            continue;
          }
          const holder = one === 'new' ? producers++ : holders[at]!;
          const same = told.findIndex(
            (t) => t.producerId === next.producerId && t.producerEpoch === next.producerEpoch,
          );
          if (same >= 0) assert.equal(holders[same], holder, 'told to two producers');
          assert.ok(next.producerEpoch >= 0 && next.producerEpoch <= 32_766);
          current = next;
          told.push(next);
          holders.push(holder);
        }
      }),
    );
  });
});
