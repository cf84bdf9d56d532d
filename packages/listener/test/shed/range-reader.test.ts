import assert from 'node:assert/strict';
import { IllegalStateError, type TopicPartitionOffsets } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { FakeConsumer, FakeLog, ManualClock, RecordingLogger } from '@hearken/testing';
import { OpenRanges } from '../../dist/shed/open-ranges.js';
import { RangeReader } from '../../dist/shed/range-reader.js';
import { tp, until } from '../setup.js';
import { range, record, SHED_TOPIC } from './shed-setup.js';

const HOME = tp(0, SHED_TOPIC);

/** Reads a shed topic that nobody leads, so that its end is looked up when its first record is there. */
function leaderless(log: FakeLog) {
  const consumer = new FakeConsumer({ log, clock: new ManualClock(), maxPollRecords: 1, assignOnSubscribe: [HOME] });
  const lookUps: ((end: number) => void)[] = [];
  consumer.position = (): never => {
    throw new IllegalStateError('it has no position yet', 'NO_POSITION');
  };
  consumer.endOffsets = () => {
    const { promise, resolve } = deferred<TopicPartitionOffsets>();
    lookUps.push((offset) => resolve([{ ...HOME, offset }]));
    return promise;
  };
  const ranges = new OpenRanges();
  const reader = new RangeReader({
    consumer,
    topic: SHED_TOPIC,
    ranges,
    pollTimeoutMs: 100,
    logger: new RecordingLogger(),
    onAssigned: () => undefined,
    onRead: () => undefined,
    onGone: () => Promise.resolve(),
  });
  return { consumer, lookUps, ranges, reader };
}

describe('RangeReader', () => {
  it('has not read a partition that came back by what it asked before that went', async () => {
    const log = new FakeLog();
    record(log, range(0, 2));
    const { consumer, lookUps, ranges, reader } = leaderless(log);
    const running = reader.run();
    await until(() => lookUps.length === 1);
    await consumer.rebalance({ revoke: [HOME] });
    record(log, range(2, 4)); // by who has it meanwhile
    await consumer.rebalance({ assign: [HOME] });
    lookUps[0]!(1);
    await until(() => lookUps.length === 2);
    assert.equal(reader.hasReadAll, false, 'of two records it has read one');
    lookUps[1]!(2);
    await until(() => reader.hasReadAll);
    assert.deepEqual(ranges.all.length, 2);
    reader.stop();
    await running;
  });
});
