import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConsumerRecords, type PartitionRecords, type PositionReset } from '@hearken/core';
import { FakeConsumer, someRecords } from '@hearken/testing';
import { Gaps } from '../../dist/shed/gaps.js';
import { RangeConsumer } from '../../dist/shed/range-consumer.js';
import { rangeBytes, rangeOf, type RecordedRange } from '../../dist/shed/shed-range.js';
import { tp } from '../setup.js';

const RANGE: RecordedRange = { ...tp(0), from: 10, to: 20, done: 12 };

type Batch = Omit<PartitionRecords, 'topic' | 'partition'>;

/** A range's consumer over one whose polls the test makes up. */
async function setup(range = RANGE) {
  const consumer = new FakeConsumer({ groupId: null });
  const written: (RecordedRange | null)[] = [];
  const told: number[] = [];
  const gaps = new Gaps();
  const reader = new RangeConsumer({
    consumer,
    range,
    ledger: {
      write: (ranges) => Promise.resolve(void written.push(...ranges)),
      delete: () => Promise.resolve(void written.push(null)),
    },
    gaps,
    onWritten: (offset) => told.push(offset),
  });
  await reader.assign([tp(0)]);
  reader.seek(tp(0), range.done); // as a container does
  const polling = async (batch?: Batch): Promise<PartitionRecords | undefined> => {
    consumer.poll = () => Promise.resolve(new ConsumerRecords(batch === undefined ? [] : [{ ...tp(0), ...batch }]));
    return (await reader.poll(1)).partitions[0];
  };
  /** Brokers tell the topic's id. */
  const tellId = (id: string): void => void Object.assign(consumer, { topicId: () => id });
  const missing = (): number => gaps.countBelow(Infinity);
  return { consumer, reader, written, told, polling, tellId, missing, isPaused: () => consumer.paused().length > 0 };
}

const records = (from: number, to: number) =>
  someRecords(Math.max(0, to - from)).map((record, i) => ({
    ...record,
    ...tp(0),
    offset: from + i,
    headers: record.headers,
  }));

/** What a poll brings of a log that holds these. */
const batchOf = (from: number, to: number): Batch => ({ records: records(from, to), nextOffset: to });

const resetTo = (to: number, reason: PositionReset['reason'] = 'out-of-range'): PositionReset => ({
  reason,
  from: 12,
  to,
});

const offsetsIn = (batch: PartitionRecords | undefined): number[] => batch?.records.map(({ offset }) => offset) ?? [];

describe('RangeConsumer', () => {
  it('ends where the range does', async () => {
    const { polling, reader, isPaused } = await setup();
    const within = await polling(batchOf(12, 15));
    assert.deepEqual([offsetsIn(within), within?.nextOffset], [[12, 13, 14], 15]);
    assert.equal(isPaused(), false);
    const last = await polling(batchOf(15, 25));
    assert.deepEqual([offsetsIn(last), last?.nextOffset], [[15, 16, 17, 18, 19], 20]);
    assert.equal(isPaused(), true, 'what is behind is not fetched');
    reader.resume();
    assert.equal(isPaused(), true);
    assert.equal(await polling(batchOf(25, 26)), undefined);
  });

  for (const { title, reset, left, lost } of [
    { title: 'the beginning of it', reset: resetTo(15), left: [15, 16, 17, 18, 19], lost: 3 },
    { title: 'all of it', reset: resetTo(20), left: [], lost: 8 },
    { title: 'all of it, and more', reset: resetTo(25), left: [], lost: 8 },
    { title: 'all, as the log ends before it', reset: resetTo(5), left: [], lost: 8 },
    { title: 'all, as the topic is another', reset: resetTo(0, 'topic-recreated'), left: [], lost: 8 },
    { title: 'all, as an election lost it', reset: resetTo(12, 'log-truncated'), left: [], lost: 8 },
  ])
    it(`is a gap where there is nothing any more: ${title}`, async () => {
      const { polling, reader, missing, isPaused } = await setup();
      const batch = await polling({ ...batchOf(reset.to, 30), reset });
      assert.deepEqual([offsetsIn(batch), batch?.nextOffset], [left, 20]);
      assert.equal(batch?.reset, undefined, 'a reset would let go of what was polled before');
      assert.equal(missing(), lost);
      assert.equal(isPaused(), true);
      assert.equal(await polling(batchOf(20, 30)), undefined);
      reader.seek(tp(0), 15);
      const again = await polling(batchOf(15, 18)); // of another log, where it is one
      assert.deepEqual(offsetsIn(again), reset.reason === 'out-of-range' && reset.to > 12 ? [15, 16, 17] : []);
    });

  it('goes back into the range when all of it was polled, and not to what lies before', async () => {
    const { polling, reader, consumer, isPaused } = await setup();
    await polling(batchOf(12, 20));
    reader.seek(tp(0), 20);
    assert.equal(isPaused(), true, 'nothing of it is left');
    reader.seek(tp(0), 15);
    assert.equal(isPaused(), false);
    assert.deepEqual(offsetsIn(await polling(batchOf(15, 21))), [15, 16, 17, 18, 19]);
    assert.equal(isPaused(), true);
    reader.seek(tp(0), 0);
    assert.deepEqual([consumer.position(tp(0)), reader.position()], [10, 10]);
    await reader.seekToEnd([tp(0)]);
    assert.equal(isPaused(), true);
    await reader.seekToBeginning([tp(0)]);
    assert.deepEqual([reader.position(), isPaused()], [10, false]);
  });

  it('stays paused by whoever reads by it', async () => {
    const { polling, reader, isPaused } = await setup();
    reader.pause();
    assert.deepEqual(reader.paused(), [tp(0)]);
    await polling(batchOf(12, 20)); // it was on its way
    reader.seek(tp(0), 12);
    assert.equal(isPaused(), true);
    reader.resume();
    assert.equal(isPaused(), false);
    assert.deepEqual(reader.paused(), []);
  });

  it('knows a topic that was made anew by its id, whenever that is told, and hands out nothing of it', async () => {
    for (const isKnownAtOnce of [true, false]) {
      const { polling, tellId, missing, isPaused } = await setup({ ...RANGE, topicId: 'old' });
      if (isKnownAtOnce) tellId('new');
      else {
        assert.deepEqual(offsetsIn(await polling(batchOf(12, 14))), [12, 13]);
        tellId('new');
      }
      const batch = await polling(batchOf(14, 16));
      assert.deepEqual([offsetsIn(batch), batch?.nextOffset], [[], 20]);
      assert.equal(missing(), isKnownAtOnce ? 8 : 6);
      assert.equal(isPaused(), true);
      assert.equal(await polling(batchOf(16, 18)), undefined, 'it is told once');
    }
  });

  it('tells the gap again to who goes back into a topic that was made anew, and counts it once', async () => {
    const { reader, polling, tellId, missing, isPaused } = await setup({ ...RANGE, topicId: 'old' });
    await polling(batchOf(12, 15));
    tellId('new');
    await polling();
    assert.equal(missing(), 5);
    reader.seek(tp(0), 13);
    assert.equal(isPaused(), true);
    const batch = await polling(batchOf(13, 20));
    assert.deepEqual([offsetsIn(batch), batch?.nextOffset], [[], 20]);
    assert.equal(missing(), 7);
    tellId('old'); // somebody who has not heard of it
    reader.seek(tp(0), 18);
    assert.deepEqual(offsetsIn(await polling(batchOf(18, 20))), []);
  });

  it('reads a topic whose id is the same, or is not known', async () => {
    for (const [recorded, told] of [
      ['id', 'id'],
      ['id', undefined],
      [undefined, 'id'],
    ] as const) {
      const { polling, tellId } = await setup({ ...RANGE, ...(recorded !== undefined && { topicId: recorded }) });
      if (told !== undefined) tellId(told);
      assert.deepEqual(offsetsIn(await polling(batchOf(12, 14))), [12, 13]);
    }
  });

  it('takes commits for the progress of the range, and writes with it what is missing below', async () => {
    const { reader, written, told, polling } = await setup({ ...RANGE, missing: 2 });
    assert.deepEqual(await reader.committed(), [{ ...tp(0), offset: 12 }]);
    await polling({ ...batchOf(14, 15), reset: resetTo(14) });
    await polling({ ...batchOf(18, 19), reset: { ...resetTo(18), from: 15 } });
    await reader.commit([{ ...tp(0), offset: 15 }]);
    await reader.commit([{ ...tp(0), offset: 3 }]);
    await reader.commit([{ ...tp(0), offset: 20 }]);
    assert.deepEqual(written, [{ ...RANGE, done: 15, missing: 4 }, { ...RANGE, done: 10, missing: 2 }, null]);
    assert.deepEqual(told, [15, 3, 20]);
  });

  it('counts nothing below where its replay went on: that is written, or was processed', async () => {
    const { reader, written, missing, polling } = await setup({ ...RANGE, done: 14, missing: 2 });
    reader.seek(tp(0), 10);
    await polling({ ...batchOf(12, 13), reset: { ...resetTo(12), from: 10 } });
    await reader.commit([{ ...tp(0), offset: 15 }]);
    assert.deepEqual(written, [{ ...RANGE, done: 15, missing: 2 }]);
    reader.seek(tp(0), 13);
    await polling({ ...batchOf(16, 17), reset: { ...resetTo(16), from: 13 } });
    assert.equal(missing(), 2, '14 and 15');
  });

  it('has the lag of the range, also while its consumer has no position', async () => {
    const { reader, polling, consumer } = await setup();
    consumer.lag = () => [];
    assert.deepEqual(reader.lag(), [{ ...tp(0), position: 12, endOffset: 20, lag: 8 }]);
    await polling(batchOf(12, 25));
    assert.deepEqual(reader.lag(), [{ ...tp(0), position: 20, endOffset: 20, lag: 0 }]);
    reader.seek(tp(0), 25);
    assert.equal(reader.lag()[0]?.lag, 0);
  });
});

describe('Gaps', () => {
  it('counts each offset once that is missing on the way, wherever it is sought', () => {
    const step = fc.record({ do: fc.constantFrom('read', 'meet', 'seek'), by: fc.nat(5), to: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(step), fc.nat(40), (steps, upTo) => {
        const gaps = new Gaps();
        const missing = new Set<number>();
        let position = 0;
        for (const { do: what, by, to } of steps) {
          const next = what === 'seek' ? Math.min(to, position) : position + by;
          if (what === 'meet') gaps.meet(position, next);
          if (what === 'meet') for (let offset = position; offset < next; offset++) missing.add(offset);
          if (what === 'seek') gaps.sought(next);
          if (what === 'seek') for (const offset of missing) if (offset >= next) missing.delete(offset);
          position = next;
        }
        assert.equal(gaps.countBelow(upTo), [...missing].filter((offset) => offset < upTo).length);
      }),
    );
  });
});

describe('a recorded range', () => {
  it('comes back as it was written', () => {
    for (const range of [RANGE, { ...RANGE, done: 10 }, { ...RANGE, topicId: 'id' }, { ...RANGE, missing: 2 }])
      assert.deepEqual(rangeOf(rangeBytes(range)), range);
    const bytes = rangeBytes({ ...RANGE, done: 10, missing: 0 });
    assert.equal(bytes.toString(), '{"topic":"t","partition":0,"from":10,"to":20}');
  });

  it('begins anew where it is said to be done with what it is not', () => {
    const plain = { ...tp(0), from: 10, to: 20 };
    for (const done of [9, 20, 12.5, '12', null])
      assert.equal(rangeOf(Buffer.from(JSON.stringify({ ...plain, done })))?.done, 10);
  });

  it('is none without a place and an extent', () => {
    for (const wrong of ['', 'null', '5', '[]', '{"topic":"t"}', '{"topic":"t","partition":0,"from":-1,"to":2}'])
      assert.equal(rangeOf(Buffer.from(wrong)), undefined, wrong);
    assert.equal(rangeOf(null), undefined);
  });
});
