import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasEnded, type EndedOffsets } from '../../dist/offsets/ended-offsets.js';
import { decodeOffsetMap, encodeOffsetMap, MAX_MAP_BYTES, type MapOwner } from '../../dist/offsets/offset-map.js';

const MAX_LENGTH = (MAX_MAP_BYTES * 4) / 3;

const ownerAt = (offset: number): MapOwner => ({ topic: 't', partition: 3, offset, topicId: 'an id' });

/** What ended from `from` on, by the lengths of open and ended runs in turns. */
function endedBy(from: number, lengths: readonly number[], leaderEpoch = 7): EndedOffsets {
  const open: number[] = [];
  let at = from;
  for (let i = 0; i + 1 < lengths.length; i += 2) {
    const ended = at + (lengths[i] ?? 0);
    open.push(at, ended);
    at = ended + (lengths[i + 1] ?? 0);
  }
  return { from, to: at, leaderEpoch, open };
}

/** Lengths of runs: hot keys, records that stand alone, chance, alternating, single giants; for spans up to 2^31 and above. */
const SHAPES: Readonly<Record<string, (chance: number, i: number) => number>> = {
  clustered: (chance) => 1 + (chance % 3_000),
  sparse: (chance, i) => (i % 2 === 0 ? 1 : 1 + (chance % 5_000)),
  random: (chance) => 1 + (chance % 4),
  alternating: () => 1,
  giants: (chance) => (chance % 97 === 0 ? 1 + (chance >>> 1) : 1 + (chance % 9)),
};

/** By a seed and not run by run, which takes fast-check a second for each. */
function lengthsOf(shape: string, seed: number, count: number): number[] {
  const length = SHAPES[shape] ?? (() => 1);
  const lengths: number[] = [];
  for (let i = 0, chance = seed; i < count; i++) {
    chance = (Math.imul(chance, 1_664_525) + 1_013_904_223) >>> 0;
    lengths.push(length(chance, i));
  }
  return lengths;
}

const world = fc.record({
  from: fc.oneof(fc.nat(1_000), fc.integer({ min: 0, max: 2 ** 52 })),
  shape: fc.constantFrom(...Object.keys(SHAPES)),
  seed: fc.nat(),
  pairs: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20_000 })),
  leaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
});

/** Where anything changes, and beside it. */
const edgesOf = ({ from, to, open }: EndedOffsets): number[] =>
  [from, to, ...open].flatMap((edge) => [edge - 1, edge, edge + 1]).filter((offset) => offset >= from);

const assertSame = (read: EndedOffsets, ended: EndedOffsets): void => {
  for (const offset of edgesOf(ended))
    for (const leaderEpoch of [ended.leaderEpoch, ended.leaderEpoch + 1])
      assert.equal(hasEnded(read, { offset, leaderEpoch }), hasEnded(ended, { offset, leaderEpoch }), `${offset}`);
};

function encoded(
  ended: EndedOffsets,
  owner = ownerAt(ended.from),
  maxBytes?: number,
): { text: string; isWhole: boolean } {
  const map = encodeOffsetMap(ended, owner, maxBytes);
  assert.ok(map);
  return map;
}

describe('offset map', () => {
  it('reads back what was written; cut where it does not fit, what it holds is true and is the lowest of it', () => {
    const seen = { whole: 0, cut: 0 };
    fc.assert(
      fc.property(world, ({ from, shape, seed, pairs, leaderEpoch }) => {
        const ended = endedBy(from, lengthsOf(shape, seed, 2 * pairs), leaderEpoch);
        const { text, isWhole } = encoded(ended);
        assert.ok(text.length <= MAX_LENGTH, `${text.length}`);
        assert.ok(isWhole || text.length > MAX_LENGTH * 0.9, `cut at ${text.length}`);
        const read = decodeOffsetMap(text, ownerAt(from));
        assert.ok(typeof read === 'object');
        const { length } = read.open;
        assert.equal(isWhole, length === ended.open.length);
        const to = ended.open[length] ?? ended.to; // cut, it ends where the next range that was open begins
        assert.deepEqual(read, { from, to, leaderEpoch, open: ended.open.slice(0, length) });
        seen[isWhole ? 'whole' : 'cut']++;
      }),
    );
    assert.ok(Math.min(seen.whole, seen.cut) >= 10, JSON.stringify(seen));
  });

  it('holds what ended from its offset on, wherever the ranges that were open begin and end', () => {
    const open = fc.uniqueArray(fc.nat(60), { maxLength: 20 }).map((edges) => edges.sort((a, b) => a - b));
    fc.assert(
      fc.property(open, fc.nat(70), fc.nat(80), (edges, offset, to) => {
        const ended = { from: 0, to: Math.max(61, to), leaderEpoch: 0, open: edges.slice(edges.length % 2) };
        const map = encodeOffsetMap(ended, ownerAt(offset));
        assert.equal(map === undefined, ended.to <= offset);
        if (map === undefined) return;
        const read = decodeOffsetMap(map.text, ownerAt(offset));
        assert.ok(typeof read === 'object');
        assertSame(read, { ...ended, from: offset });
      }),
    );
  });

  for (const [span, count, bytes] of [
    [10_000, 100, 130],
    [20_000, 1_000, 780],
    [100_000, 2_000, 1_850],
    [1_000_000, 2_000, 2_720],
  ] as const) {
    it(`takes at most ${bytes} bytes for ${count} of ${span} that are open by chance`, () => {
      const chance = (i: number): number => Math.imul(i + 1, 2_654_435_761) >>> 0;
      const open = [...new Set(Array.from({ length: count }, (_, i) => chance(i) % span))].sort((a, b) => a - b);
      const ranges = open
        .flatMap((at) => [at, at + 1])
        .filter((edge, i, all) => edge !== all[i - 1] && edge !== all[i + 1]);
      const { text, isWhole } = encoded({ from: 0, to: span, leaderEpoch: 0, open: ranges });
      assert.ok(isWhole);
      assert.ok((text.length * 3) / 4 <= bytes, `${(text.length * 3) / 4}`);
    });
  }

  it('fits into as much as a broker takes, or there is none', () => {
    const ended = endedBy(
      0,
      Array.from({ length: 400 }, (_, i) => 1 + (i % 17)),
    );
    for (let maxBytes = 0; maxBytes <= 200; maxBytes++) {
      const map = encodeOffsetMap(ended, ownerAt(0), maxBytes);
      assert.ok(Buffer.from(map?.text ?? '', 'base64url').length <= maxBytes);
      assert.equal(map !== undefined, maxBytes > 15, `${maxBytes}`);
    }
  });

  it('tells nothing if it was damaged: cut at each place, with each byte changed', () => {
    const ended = endedBy(1_000, [3, 9, 1, 200, 40, 7]);
    const { text } = encoded(ended);
    const bytes = Buffer.from(text, 'base64url');
    const read = (damaged: Buffer): unknown => decodeOffsetMap(damaged.toString('base64url'), ownerAt(1_000));
    for (let length = 0; length < bytes.length; length++)
      assert.equal(read(bytes.subarray(0, length)), length < 3 ? 'foreign' : 'mismatched');
    for (let at = 0; at < bytes.length; at++)
      for (let flip = 1; flip < 256; flip++) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        assert.equal(read(damaged), at < 3 ? 'foreign' : 'mismatched');
      }
  });

  it('never throws, whatever text it is given', () => {
    const texts = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(texts, fc.constantFrom('', 'hkn1', 'hkn1vMeT5wAAAAQAGAAQ'), (bytes, prefix) => {
        for (const text of [bytes.toString('base64url'), bytes.toString('latin1')])
          assert.equal(typeof decodeOffsetMap(prefix + text, ownerAt(0)), 'string');
      }),
    );
  });

  it('is of no use at another offset, for another partition or topic, or once that was made anew', () => {
    const { text } = encoded(endedBy(10, [2, 2]));
    for (const other of [
      { offset: 11 },
      { partition: 4 },
      { topic: 'u' },
      { topicId: 'another' },
      { topicId: undefined },
    ])
      assert.equal(decodeOffsetMap(text, { ...ownerAt(10), ...other }), 'mismatched');
  });

  it('reads what was written by version 1', () => {
    const text = 'hkn1vMeT5wAAAAQAGAAQkuo';
    assert.deepEqual(decodeOffsetMap(text, ownerAt(100)), endedBy(100, [1, 5, 2, 30]));
  });
});
