import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LaneTable, hashOf } from '../../dist/dispatch/lane-table.js';
import { Lane, PartitionLanes, type LaneItem } from '../../dist/dispatch/lane.js';

interface Item extends LaneItem<Item> {
  readonly number: number;
}

const key = fc.option(fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)));
const step = fc.record({ remove: fc.boolean(), key, hash: fc.nat(3) });

describe('LaneTable', () => {
  it('finds what a Map would, also where hashes are the same', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const partition = new PartitionLanes<Item>();
        const table = new LaneTable<Item>();
        const model = new Map<string, Lane<Item>>();
        for (const { remove, key, hash } of steps) {
          const name = `${hash} ${key?.toString('hex') ?? 'null'}`;
          const found = table.find(key === null ? null : Buffer.from(key), hash);
          assert.equal(found, model.get(name));
          if (found === undefined) {
            const lane = new Lane(partition, key, hash);
            model.set(name, lane);
            table.add(lane);
          } else if (remove) {
            model.delete(name);
            table.remove(found);
          }
          assert.equal(table.size, model.size);
        }
        assert.deepEqual(new Set(table), new Set(model.values()));
      }),
    );
  });

  it('spreads lanes over all of its buckets, however many there are: a look-up passes few others', () => {
    const partition = new PartitionLanes<Item>();
    const table = new LaneTable<Item>();
    let seen = 0;
    const keys = Array.from({ length: 5_000 }, (_, i) => Buffer.from(`key-${i}`));
    for (const key of keys) {
      const lane = new Lane(partition, key, 0);
      const hash = hashOf(key);
      table.add(Object.defineProperty(lane, 'hash', { get: () => (seen++, hash) }));
    }
    seen = 0;
    for (const key of keys) assert.ok(table.find(key, hashOf(key)));
    assert.ok(seen < 2 * keys.length, `looked at ${seen} lanes to find ${keys.length}`);
  });

  it('lets whoever goes over it remove what it gets', () => {
    const partition = new PartitionLanes<Item>();
    const table = new LaneTable<Item>();
    for (let i = 0; i < 100; i++) table.add(new Lane(partition, Buffer.from(`${i}`), i % 7));
    for (const lane of table) table.remove(lane);
    assert.equal(table.size, 0);
    assert.deepEqual([...table], []);
  });

  it('tells long keys apart whose hashes are the same', () => {
    const [a, b] = [Buffer.alloc(500, 'k'), Buffer.alloc(500, 'k')];
    b[250] = 0;
    const table = new LaneTable<Item>();
    const lane = new Lane(new PartitionLanes<Item>(), a, hashOf(a));
    table.add(lane);
    assert.equal(table.find(Buffer.from(a), hashOf(a)), lane);
    assert.equal(table.find(b, hashOf(a)), undefined);
  });
});

describe('hashOf', () => {
  /** A text of which these bytes tell keys apart, and all others are the same. */
  const shape = fc
    .record({ before: fc.nat(300), after: fc.nat(300), filler: fc.nat(255), isText: fc.boolean() })
    .map(({ before, after, filler, isText }) => (id: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(id);
      const middle = isText ? Buffer.from(String(id).padStart(8, '0')) : bytes;
      return Buffer.concat([Buffer.alloc(before, filler), middle, Buffer.alloc(after, filler)]);
    });

  it('spreads keys over hashes and buckets wherever they differ, at the ends or in the middle', () => {
    const KEYS = 2048;
    fc.assert(
      fc.property(shape, fc.nat(1_000_000), (keyOf, from) => {
        const hashes = Array.from({ length: KEYS }, (_, i) => hashOf(keyOf(from + i)));
        const buckets = new Map<number, number>();
        for (const hash of hashes) buckets.set(hash & (KEYS - 1), (buckets.get(hash & (KEYS - 1)) ?? 0) + 1);
        assert.ok(new Set(hashes).size > KEYS - 4, 'a random choice has one pair in 2 000 times');
        assert.ok(Math.max(...buckets.values()) < 20, 'a random choice has 7 or so in its fullest bucket');
      }),
      { seed: 9, numRuns: 100 },
    );
  });

  it('tells keys of any length apart that differ in one byte', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, by) => {
          const other = Buffer.from(bytes);
          other[at % other.length]! ^= by;
          assert.notEqual(hashOf(other), hashOf(Buffer.from(bytes)));
        },
      ),
      { seed: 9 },
    );
  });
});
