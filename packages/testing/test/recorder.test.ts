import assert from 'node:assert/strict';
import {
  aRecord,
  eventLoopTurn,
  FakeLog,
  ManualTask,
  manualTasks,
  Recorder,
  RecordingLogger,
  Signal,
  someRecords,
} from '@hearken/testing';

describe('Recorder', () => {
  it('keeps what it is given, and waits for more', async () => {
    const recorder = new Recorder<number>();
    const three = recorder.received(3);
    [1, 2].forEach(recorder.record);
    assert.deepEqual([recorder.count, recorder.last, recorder.items], [2, 2, [1, 2]]);
    let met = false;
    void three.then(() => (met = true));
    await eventLoopTurn();
    assert.equal(met, false);
    recorder.record(3);
    assert.deepEqual(await three, [1, 2, 3]);
    assert.deepEqual(await recorder.received(2), [1, 2, 3]);
  });

  it('waits for the first that matches, past or future', async () => {
    const recorder = new Recorder<string>();
    recorder.record('a1');
    const b = recorder.first((item) => item.startsWith('b'));
    for (const item of ['a2', 'b1', 'b2']) recorder.record(item);
    assert.equal(await b, 'b1');
    assert.equal(await recorder.first((item) => item.startsWith('a')), 'a1');
  });

  it('waits for the next, whatever came before', async () => {
    const recorder = new Recorder<number>();
    recorder.record(1);
    const next = recorder.next();
    recorder.record(2);
    recorder.record(3);
    assert.equal(await next, 2);
    assert.equal(new Recorder().last, undefined);
  });
});

describe('Signal', () => {
  it('fires once, for who waits before and after', async () => {
    const signal = new Signal<number>();
    const before = signal.wait();
    assert.equal(signal.fired, false);
    signal.fire(1);
    signal.fire(2);
    assert.deepEqual([signal.fired, await before, await signal.wait()], [true, 1, 1]);
  });
});

describe('ManualTask', () => {
  it('starts when it is run and ends when it is told', async () => {
    const task = new ManualTask<number>();
    const { signal } = new AbortController();
    const result = task.run(signal);
    assert.equal(await task.started.wait(), signal);
    task.resolve(5);
    assert.equal(await result, 5);
    const [failing] = manualTasks(1);
    failing?.reject(new Error('scripted'));
    await assert.rejects(failing!.run(signal), /scripted/);
  });
});

describe('RecordingLogger', () => {
  it('keeps every entry with its level', () => {
    const logger = new RecordingLogger();
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({ level }, `as ${level}`);
    assert.equal(logger.entries.count, 4);
    assert.deepEqual(logger.at('warn'), [{ level: 'warn', details: { level: 'warn' }, message: 'as warn' }]);
  });
});

describe('record builders', () => {
  it('fill in what is not said', () => {
    const { headers, ...record } = aRecord({ topic: 'orders', offset: 3, key: 'k', headers: { a: '1' } });
    assert.deepEqual(record, {
      topic: 'orders',
      partition: 0,
      offset: 3,
      timestamp: 0,
      timestampType: 'create-time',
      key: Buffer.from('k'),
      value: null,
    });
    assert.equal(headers.string('a'), '1');
    assert.equal(aRecord({ leaderEpoch: 2 }).leaderEpoch, 2);
  });

  it('count offsets on', () => {
    const records = someRecords(3, { offset: 5, key: 'k' });
    assert.deepEqual(records.map(({ offset, value }) => [offset, String(value)]), [[5, '0'], [6, '1'], [7, '2']]); // prettier-ignore
  });
});

describe('FakeLog', () => {
  const at = { topic: 'orders', partition: 0 };

  it('appends, with gaps where an offset is given, and refuses to go back', () => {
    const log = new FakeLog();
    log.append('orders', 0, {}, { offset: 5 }, {});
    assert.deepEqual(
      log.records('orders', 0).map(({ offset }) => offset),
      [0, 5, 6],
    );
    assert.equal(log.endOffset(at), 7);
    assert.throws(() => log.append('orders', 0, { offset: 6 }), /taken already/);
  });

  it('reads from any offset, also in a gap, and tells where to go on', () => {
    const log = new FakeLog();
    log.append('orders', 0, { offset: 2 }, { offset: 5 }, { offset: 9 });
    log.skip('orders', 0, 2);
    const read = (offset: number, max: number) => {
      const { records, nextOffset } = log.read(at, offset, max);
      return [...records.map((record) => record.offset), `next ${nextOffset}`];
    };
    assert.deepEqual(read(0, 2), [2, 5, 'next 6']);
    assert.deepEqual(read(3, 1), [5, 'next 6']);
    assert.deepEqual(read(6, 5), [9, 'next 12']);
    assert.deepEqual(read(12, 5), ['next 12']);
    assert.deepEqual(read(20, 5), ['next 20']);
    assert.equal(log.beginningOffset(at), 2);
  });

  it('wakes readers until they leave, and keeps groups apart', () => {
    const log = new FakeLog();
    let wakes = 0;
    const leave = log.onAppend(() => wakes++);
    log.append('orders', 0, {});
    leave();
    log.append('orders', 0, {});
    assert.equal(wakes, 1);
    log.commit('a', [{ ...at, offset: 1 }]);
    assert.deepEqual([log.committed('a', at)?.offset, log.committed('b', at)], [1, undefined]);
  });
});
