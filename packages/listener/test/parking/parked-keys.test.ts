import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ParkedKeys } from '../../dist/parking/parked-keys.js';
import { runs } from '../laws/runs.js';
import { World, type Arrival, type Key, type NextGeneration, type Step, type Turn } from './world.js';

const keys = fc.oneof({ weight: 4, arbitrary: fc.constant<Key>('a') }, { weight: 1, arbitrary: fc.constant<Key>('b') });
const fails = fc.boolean();
const arrivals = fc.constantFrom<Arrival[]>('acknowledged', 'acknowledged', 'nobody-knows-where', 'unheard', 'refused');
const is = <Do extends Step['do']>(name: Do): fc.Arbitrary<Do> => fc.constant(name);
const who = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.constant(2) },
);

interface Rules {
  readonly generation: fc.Arbitrary<NextGeneration>;
  /** How many that follow a parked record go on together. */
  readonly follow: fc.Arbitrary<number>;
  readonly keepsOrder: boolean;
}

const turns = ({ generation, follow }: Rules): fc.Arbitrary<Turn> => {
  const step = fc.oneof<fc.WeightedArbitrary<Step>[]>(
    { weight: 6, arbitrary: fc.record({ do: is('listen'), key: keys, fails, follow }) },
    { weight: 5, arbitrary: fc.record({ do: is('work-off'), key: keys, fails }) },
    { weight: 6, arbitrary: fc.record({ do: is('arrive'), key: keys, how: arrivals }) },
    { weight: 3, arbitrary: fc.record({ do: is('arrive-end'), key: keys, how: arrivals }) },
    { weight: 2, arbitrary: fc.record({ do: is('commit'), what: fc.constantFrom('partition', 'parked') }) },
    { weight: 1, arbitrary: fc.record({ do: is('take-over'), generation }) },
  );
  return fc.record({ who, step });
};

/** Plays at random, and then to the end. */
function holds(rules: Rules): void {
  fc.assert(
    fc.property(
      fc.array(keys, { minLength: 3, maxLength: 8 }),
      fc.array(turns(rules), { minLength: 40, maxLength: 80, size: 'max' }),
      (records, played) => {
        const world = new World(records, rules.keepsOrder);
        for (const turn of played) world.play(turn);
        world.settle();
      },
    ),
    runs(2_000),
  );
}

const follow = fc.integer({ min: 1, max: 3 });
const anyGeneration = fc.constantFrom<NextGeneration[]>('next', 'same', 'first');

describe('ParkedKeys', function () {
  this.timeout(600_000);

  it('keep the order of every key, lose no record, and bring none back, whoever else still parks, works off and commits', () =>
    holds({ generation: fc.constant('next'), follow, keepsOrder: true }));

  it('keep the order and lose no record also where generations say nothing, if each follower waits for the one before', () =>
    holds({ generation: anyGeneration, follow: fc.constant(1), keepsOrder: true }));

  it('lose no record, whatever comes together', () => holds({ generation: anyGeneration, follow, keepsOrder: false }));

  const a = Buffer.from('a');

  it('are found in the log, but for those with an end marker behind all of theirs', () => {
    const parked = new ParkedKeys();
    parked.find(0, { kind: 'record', key: a, original: 3 });
    parked.find(1, { kind: 'record', key: Buffer.from('b'), original: 4 });
    parked.find(2, { kind: 'end', key: a, through: 3 });
    parked.foundAll(3, 0);
    assert.deepEqual(
      Array.from(parked, ({ key }) => String(key)),
      ['b'],
    );
    assert.equal(parked.reached(0, { key: a, original: 3 }, 0), false);
    assert.equal(parked.reached(1, { key: Buffer.from('b'), original: 4 }, 0), true);
  });

  it('take an end marker for what its writer knew: a record parked since by another is not done', () => {
    const parked = new ParkedKeys();
    parked.find(0, { kind: 'record', key: a, original: 3 });
    parked.find(1, { kind: 'record', key: a, original: 5 });
    parked.find(2, { kind: 'end', key: a, through: 3 });
    parked.foundAll(3, 0);
    assert.equal(parked.reached(1, { key: a, original: 5 }, 0), true);
  });

  it('hand a key back also if its record was read before it was known to be written, and nobody knows where', () => {
    const keys = new ParkedKeys();
    const key = Buffer.from('a');
    keys.foundAll(0, 0);
    keys.parking(key, 0);
    assert.ok(keys.reached(0, { key, original: 5 }, 0));
    keys.workedOff(key, 0, 5);
    assert.equal(keys.beginEnd(key), undefined, 'it is on its way');
    keys.parked(key, -1, 5);
    assert.equal(keys.beginEnd(key), 5);
    assert.ok(keys.ended(key, true));
  });

  it('tell no key, an empty one and bytes apart', () => {
    const parked = new ParkedKeys();
    parked.parking(Buffer.from([0x01, 0x00]), 0);
    for (const other of [null, Buffer.alloc(0), Buffer.from([0x00, 0x01])]) assert.equal(parked.get(other), undefined);
    parked.parking(null, 0);
    assert.equal(parked.size, 2);
    assert.equal(parked.get(Buffer.alloc(0)), undefined);
  });
});
