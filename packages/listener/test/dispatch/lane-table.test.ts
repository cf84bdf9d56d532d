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

  it('tells long keys apart that differ where they are not hashed', () => {
    const [a, b] = [Buffer.alloc(500, 'k'), Buffer.alloc(500, 'k')];
    b[250] = 0;
    assert.equal(hashOf(a), hashOf(b));
    const table = new LaneTable<Item>();
    const lane = new Lane(new PartitionLanes<Item>(), a, hashOf(a));
    table.add(lane);
    assert.equal(table.find(Buffer.from(a), hashOf(a)), lane);
    assert.equal(table.find(b, hashOf(b)), undefined);
  });
});

describe('hashOf', () => {
  it('spreads keys that differ in their last digits over the buckets', () => {
    const buckets = new Map<number, number>();
    for (let i = 0; i < 4096; i++) {
      const bucket = hashOf(Buffer.from(`key-${String(i).padStart(12, '0')}`)) & 4095;
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    }
    assert.ok(Math.max(...buckets.values()) < 20, 'a random choice has 7 or so in its fullest bucket');
  });
});
