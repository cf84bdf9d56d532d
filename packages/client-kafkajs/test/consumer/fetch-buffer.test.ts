import assert from 'node:assert/strict';
import { Recorder } from '@hearken/testing';
import fc from 'fast-check';
import { AbortedTransactions, type AbortedTransaction } from '../../dist/consumer/aborted-transactions.js';
import { FetchBuffer } from '../../dist/consumer/fetch-buffer.js';
import { PartitionError } from '../../dist/errors.js';
import { batchOf, corruptBatch, markerOf } from './support/batches.js';

const AT = { topic: 'orders', partition: 3 };

function setup(position = 0): {
  readonly buffer: FetchBuffer;
  readonly ready: Recorder<void>;
  readonly append: (batches: readonly Buffer[], aborted?: readonly AbortedTransaction[]) => void;
} {
  const ready = new Recorder<void>();
  const buffer = new FetchBuffer(AT, { position, onReady: () => ready.record() });
  const append = (batches: readonly Buffer[], aborted: readonly AbortedTransaction[] = []): void =>
    buffer.append(Buffer.concat(batches), new AbortedTransactions(aborted), { checkCrcs: true });
  return { buffer, ready, append };
}

/** Everything that is there, in takes of `max`. */
function drain(buffer: FetchBuffer, max = 1_000): { offsets: number[]; values: string[] } {
  const [offsets, values]: [number[], string[]] = [[], []];
  for (let taken = buffer.take(max); taken !== undefined; taken = buffer.take(max)) {
    assert.ok(taken.records.length <= max);
    offsets.push(...taken.records.map(({ offset }) => offset));
    values.push(...taken.records.map(({ value }) => String(value)));
    assert.equal(taken.nextOffset, buffer.position);
  }
  return { offsets, values };
}

describe('FetchBuffer', () => {
  it('hands records out from its position on, and says where to go on', async () => {
    const { buffer, append } = setup(12);
    append([await batchOf({ baseOffset: 10, values: ['a', 'b', 'c', 'd'] })]);
    assert.equal(buffer.fetchOffset, 14);
    assert.equal(buffer.position, 12);
    const taken = buffer.take(1);
    assert.deepEqual(
      taken?.records.map(({ offset, value }) => [offset, String(value)]),
      [[12, 'c']],
    );
    assert.deepEqual([taken.topic, taken.partition, taken.nextOffset], ['orders', 3, 13]);
    assert.deepEqual(drain(buffer).offsets, [13]);
    assert.equal(buffer.position, 14);
    assert.equal(buffer.take(1), undefined);
    assert.equal(buffer.bytes, 0);
  });

  it('moves its position past what holds no records', async () => {
    const { buffer, append } = setup();
    append([markerOf(0, 7, 'commit')]);
    assert.ok(buffer.isReady);
    assert.deepEqual(buffer.take(10), { ...AT, records: [], nextOffset: 1 });
    append([await batchOf({ baseOffset: 1, values: ['a'], gap: 4 }), markerOf(6, 7, 'abort')]);
    const taken = buffer.take(10);
    assert.deepEqual([taken?.records.length, taken?.nextOffset, buffer.isReady], [1, 7, false]);
  });

  it('ignores a batch that lies before it', async () => {
    const { buffer, append } = setup(5);
    append([await batchOf({ baseOffset: 0, values: ['a', 'b'] })]);
    assert.deepEqual([buffer.fetchOffset, buffer.isReady], [5, false]);
  });

  it('leaves a cut-off batch for the next fetch', async () => {
    const { buffer, append } = setup();
    const next = await batchOf({ baseOffset: 1, values: ['b'] });
    append([await batchOf({ baseOffset: 0, values: ['a'] }), next.subarray(0, next.length - 1)]);
    assert.equal(buffer.fetchOffset, 1);
    append([next]);
    assert.deepEqual(drain(buffer).values, ['a', 'b']);
  });

  it('is ready when a large batch is decompressed, not before', async () => {
    const { buffer, ready, append } = setup();
    const values = Array.from({ length: 5_000 }, (_, i) => `${i}-${Math.random()}`);
    append([await batchOf({ baseOffset: 0, values, compression: 'gzip' })]);
    assert.deepEqual([buffer.isReady, buffer.take(10), buffer.isEmpty], [false, undefined, false]);
    await ready.received(1);
    assert.ok(buffer.isReady);
    assert.deepEqual(drain(buffer, 700).values, values);
  });

  it('decompresses a batch while the one before it is read', async () => {
    const { buffer, ready, append } = setup();
    const values = Array.from({ length: 5_000 }, (_, i) => `${i}-${Math.random()}`);
    append([
      await batchOf({ baseOffset: 0, values: ['a', 'b'] }),
      await batchOf({ baseOffset: 2, values, compression: 'gzip' }),
    ]);
    assert.equal(buffer.take(1)?.nextOffset, 1);
    await ready.received(1);
    assert.deepEqual(drain(buffer).values, ['b', ...values]);
  });

  it('hands out what comes before a corrupt batch, then the error, until it is replaced', async () => {
    const { buffer, append } = setup();
    append([await batchOf({ baseOffset: 0, values: ['a', 'b'] }), await corruptBatch(2)]);
    assert.equal(buffer.take(10)?.nextOffset, 2);
    assert.ok(buffer.failed);
    for (let i = 0; i < 2; i++) assert.throws(() => buffer.take(10), isCorruptAt(2));
    assert.equal(buffer.position, 2);
  });

  it('looks at a batch when its turn comes, not when it is fetched', async () => {
    const { buffer, append } = setup();
    append([await batchOf({ baseOffset: 0, values: ['a', 'b'] }), await corruptBatch(2)]);
    assert.equal(buffer.failed, false);
    assert.equal(buffer.take(2)?.nextOffset, 2);
    assert.equal(buffer.isReady, true);
    assert.throws(() => buffer.take(1), isCorruptAt(2));
    assert.ok(buffer.failed);
  });

  it('tells of a corrupt batch, though what follows it is known to be malformed', async () => {
    const { buffer, append } = setup();
    const malformed = await batchOf({ baseOffset: 2, values: ['c'] });
    malformed.writeInt32BE(-1, 8); // its length
    append([await batchOf({ baseOffset: 0, values: ['a'] }), await corruptBatch(1), malformed]);
    assert.ok(buffer.failed);
    assert.equal(String(buffer.take(10)?.records[0]?.value), 'a');
    assert.throws(() => buffer.take(10), isCorruptAt(1));
    assert.deepEqual([buffer.fetchOffset, buffer.bytes], [1, 0]);
  });

  it('reads up to what is malformed', async () => {
    const { buffer, append } = setup();
    const malformed = await batchOf({ baseOffset: 1, values: ['b'] });
    malformed.writeInt32BE(-1, 8);
    append([await batchOf({ baseOffset: 0, values: ['a'] }), malformed]);
    assert.equal(String(buffer.take(10)?.records[0]?.value), 'a');
    assert.throws(() => buffer.take(10), isCorruptAt(1));
  });

  it('hands out what comes before a broken record inside a batch, then the error', async () => {
    const { buffer, append } = setup();
    const batch = await batchOf({ baseOffset: 0, values: ['a', 'b', 'c'] });
    const at = batch.lastIndexOf('c') - 6; // the length of the last record
    batch.writeUInt8(0x7f, at);
    buffer.append(batch, new AbortedTransactions([]), { checkCrcs: false });
    assert.deepEqual(
      buffer.take(10)?.records.map(({ offset }) => offset),
      [0, 1],
    );
    assert.throws(() => buffer.take(10), isCorruptAt(2));
    append([]);
    assert.equal(buffer.bytes, 0);
  });

  it('says what codec is missing', async () => {
    const { buffer } = setup();
    const batch = await batchOf({ baseOffset: 4, values: ['a'] });
    batch.writeInt16BE(7, 21); // no compression has that number
    buffer.append(batch, new AbortedTransactions([]), { checkCrcs: false });
    assert.throws(() => buffer.take(1), { code: 'UNSUPPORTED_COMPRESSION', offset: 4, retriable: false });
  });

  it('returns every record of committed transactions once, in order, for any batches, takes and position', async () => {
    const few = fc.integer({ min: 1, max: 9 });
    await fc.assert(fc.asyncProperty(log, fc.nat(40), few, few, readsAsModel), { numRuns: 300 });
  });
});

const isCorruptAt =
  (offset: number) =>
  (error: unknown): boolean =>
    error instanceof PartitionError &&
    error.code === 'CORRUPT_BATCH' &&
    error.offset === offset &&
    /orders-3 .* at offset/.test(error.message);

/** What happens in the model's log, one batch each; a marker ends the producer's transaction. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('records' as const),
    count: fc.integer({ min: 1, max: 6 }),
    gap: fc.nat(3),
    gzip: fc.boolean(),
    producerId: fc.option(fc.nat(2), { nil: undefined }),
  }),
  fc.record({ kind: fc.constantFrom('commit' as const, 'abort' as const), producerId: fc.nat(2) }),
);
const log = fc.array(step, { maxLength: 14 });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** @param perAnswer batches that a fetch brings */
async function readsAsModel(steps: readonly Step[], position: number, max: number, perAnswer: number): Promise<void> {
  const { batches, visible, aborted, end } = await model(steps);
  const { buffer, ready, append } = setup(position);
  const offsets: number[] = [];
  do {
    // The broker begins with the batch that holds the position, and lists what was aborted in what it answers.
    const { fetchOffset } = buffer;
    const answer = batches.filter(({ next }) => next > fetchOffset).slice(0, perAnswer);
    append(
      answer.map(({ bytes }) => bytes),
      aborted.filter(({ markerAt }) => markerAt >= fetchOffset),
    );
    for (;;) {
      const drained = drain(buffer, max);
      offsets.push(...drained.offsets);
      if (buffer.isReady) assert.fail('it has more than it hands out');
      if (buffer.isEmpty || drained.offsets.length > 0) break; // a fetch may come while a batch is decompressed
      await ready.next();
    }
  } while (buffer.fetchOffset < end || !buffer.isEmpty);
  assert.deepEqual(
    offsets,
    visible.filter((offset) => offset >= position),
  );
  assert.equal(buffer.position, Math.max(position, end));
  assert.equal(buffer.bytes, 0);
}

interface Model {
  readonly batches: { bytes: Buffer; next: number }[];
  readonly visible: number[];
  readonly aborted: (AbortedTransaction & { readonly markerAt: number })[];
  readonly end: number;
}

async function model(steps: readonly Step[]): Promise<Model> {
  const batches: Model['batches'] = [];
  const aborted: Model['aborted'] = [];
  const open = new Map<number, number[]>();
  let visible: number[] = [];
  let next = 0;
  for (const one of steps) {
    const baseOffset = next;
    if (one.kind === 'records') {
      const offsets = Array.from({ length: one.count }, (_, i) => baseOffset + i);
      const { producerId, gap } = one;
      const bytes = await batchOf({
        baseOffset,
        values: offsets.map(String),
        gap,
        ...(one.gzip && { compression: 'gzip' as const }),
        ...(producerId !== undefined && { producerId }),
      });
      next += one.count + gap;
      visible = visible.concat(offsets);
      if (producerId !== undefined) open.set(producerId, [...(open.get(producerId) ?? []), ...offsets]);
      batches.push({ bytes, next });
    } else {
      next++;
      const own = open.get(one.producerId);
      open.delete(one.producerId);
      if (own !== undefined && one.kind === 'abort') {
        aborted.push({ producerId: one.producerId, firstOffset: own[0]!, markerAt: baseOffset });
        visible = visible.filter((offset) => !own.includes(offset));
      }
      batches.push({ bytes: markerOf(baseOffset, one.producerId, one.kind), next });
    }
  }
  return { batches, visible, aborted, end: next };
}
