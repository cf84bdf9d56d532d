import assert from 'node:assert/strict';
import { ConsumerRecords, type PartitionRecords, type PositionReset } from '@hearken/core';
import { FakeConsumer, someRecords } from '@hearken/testing';
import { RangeConsumer } from '../../dist/shed/range-consumer.js';
import { rangeBytes, rangeOf, type RecordedRange } from '../../dist/shed/shed-range.js';
import { tp } from '../setup.js';

const RANGE: RecordedRange = { ...tp(0), from: 10, to: 20, done: 12 };

/** A range's consumer over one whose polls the test makes up. */
function setup(range = RANGE) {
  const consumer = new FakeConsumer({ groupId: null });
  const written: (number | null)[] = [];
  const missing: number[] = [];
  let ends = 0;
  const reader = new RangeConsumer({
    consumer,
    range,
    ledger: {
      write: ([written0]) => Promise.resolve(void written.push(written0?.done ?? -1)),
      delete: () => Promise.resolve(void written.push(null)),
    },
    onMissing: (offsets) => missing.push(offsets),
    onEnded: () => ends++,
  });
  const polling = async (
    batch: Omit<PartitionRecords, 'topic' | 'partition'>,
  ): Promise<PartitionRecords | undefined> => {
    consumer.poll = () => Promise.resolve(new ConsumerRecords([{ ...tp(0), ...batch }]));
    return (await reader.poll(1)).partitions[0];
  };
  return { consumer, reader, written, missing, polling, ends: () => ends };
}

const records = (from: number, to: number) =>
  someRecords(to - from).map((record, i) => ({ ...record, ...tp(0), offset: from + i, headers: record.headers }));

const reset = (to: number, reason: PositionReset['reason'] = 'out-of-range'): PositionReset => ({
  reason,
  from: 12,
  to,
});

describe('RangeConsumer', () => {
  it('ends where the range does', async () => {
    const { polling, reader, consumer } = setup();
    await reader.assign([tp(0)]);
    const within = await polling({ records: records(12, 15), nextOffset: 15 });
    assert.deepEqual([within?.records.length, within?.nextOffset], [3, 15]);
    assert.deepEqual(consumer.paused(), []);
    const last = await polling({ records: records(15, 25), nextOffset: 25 });
    assert.deepEqual([last?.records.at(-1)?.offset, last?.nextOffset], [19, 20]);
    assert.deepEqual(consumer.paused(), [tp(0)], 'what is behind is not fetched');
    reader.resume([tp(0)]);
    assert.deepEqual(consumer.paused(), [tp(0)]);
    assert.equal(await polling({ records: records(25, 26), nextOffset: 26 }), undefined);
  });

  for (const { title, at, expected, lost, nextOffset = 30 } of [
    { title: 'a part of it', at: reset(15), expected: [15, 20], lost: 3 },
    { title: 'all of it', at: reset(25), expected: [], lost: 8 },
    { title: 'all, as the log ends before it', at: reset(5), expected: [], lost: 8, nextOffset: 8 },
    { title: 'all, as the topic is another', at: reset(0, 'topic-recreated'), expected: [], lost: 8 },
    { title: 'all, as an election lost it', at: reset(12, 'log-truncated'), expected: [], lost: 8 },
  ])
    it(`tells what is not there any more: ${title}`, async () => {
      const { polling, reader, missing } = setup();
      await reader.assign([tp(0)]);
      const batch = await polling({ records: records(at.to, nextOffset), nextOffset, reset: at });
      const offsets = batch?.records.map(({ offset }) => offset) ?? [];
      const [from = 0, to = 0] = expected;
      assert.deepEqual(
        offsets,
        Array.from({ length: to - from }, (_, i) => from + i),
      );
      assert.deepEqual([batch?.nextOffset, batch?.reset?.to], [20, expected[0] ?? 20]);
      assert.deepEqual(missing, [lost]);
    });

  it('knows a topic that was made anew by its id', async () => {
    for (const [id, isGone] of [
      ['new', true],
      ['old', false],
      [undefined, false],
    ] as const) {
      const { reader, consumer, missing, polling } = setup({ ...RANGE, topicId: 'old' });
      Object.assign(consumer, { topicId: () => id });
      await reader.assign([tp(0)]);
      const batch = await polling({ records: records(12, 14), nextOffset: 14 });
      assert.deepEqual([batch?.records.length, batch?.nextOffset], isGone ? [0, 20] : [2, 14]);
      assert.deepEqual(missing, isGone ? [8] : []);
    }
  });

  it('takes commits for the progress of the range', async () => {
    const { reader, written, ends } = setup();
    assert.deepEqual(await reader.committed(), [{ ...tp(0), offset: 12 }]);
    await reader.commit([{ ...tp(0), offset: 15 }]);
    assert.deepEqual([written, ends()], [[15], 0]);
    await reader.commit([{ ...tp(0), offset: 20 }]);
    assert.deepEqual([written, ends()], [[15, null], 1]);
  });

  it('has the lag of the range', async () => {
    const { reader } = setup();
    await reader.assign([tp(0)]);
    reader.seek(tp(0), 12);
    assert.deepEqual(reader.lag(), [{ ...tp(0), position: 12, endOffset: 20, lag: 8 }]);
  });
});

describe('a recorded range', () => {
  it('comes back as it was written', () => {
    for (const range of [RANGE, { ...RANGE, done: 10 }, { ...RANGE, topicId: 'id' }])
      assert.deepEqual(rangeOf(rangeBytes(range)), range);
    assert.equal(rangeBytes({ ...RANGE, done: 10 }).toString(), '{"topic":"t","partition":0,"from":10,"to":20}');
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
