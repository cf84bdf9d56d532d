import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import { PartitionLog } from '../../dist/log/partition-log.js';
import { aBatch, aLog, ALL, COMMITTED, DEFAULT_CONFIG, refusedWith, sequenced, START_MS } from './a-log.js';

const MAX_SEQUENCE = 2 ** 31 - 1;
const epoch = { leaderEpoch: 0 };
const outOfOrder = refusedWith('OUT_OF_ORDER_SEQUENCE_NUMBER');

describe('PartitionLog: idempotent producers', () => {
  it('a copy of one of the last five batches is answered with the offset of the first, and its time', () => {
    const { log } = aLog();
    for (let sequence = 0; sequence < 6; sequence++) log.append(sequenced(7, sequence), epoch);
    for (let sequence = 1; sequence < 6; sequence++) {
      const copy = log.append(sequenced(7, sequence), epoch);
      assert.deepEqual(copy, { baseOffset: sequence, logAppendTimeMs: START_MS, duplicate: true });
    }
    assert.throws(() => log.append(sequenced(7, 0), epoch), outOfOrder);
    assert.throws(() => log.append(sequenced(7, 5, 2), epoch), outOfOrder, 'no copy: it has another end');
    assert.equal(log.logEndOffset, 6);
  });

  it('tells nobody of a copy', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0), epoch);
    log.onReadable(() => assert.fail('nothing was appended'));
    log.append(sequenced(7, 0), epoch);
  });

  it('a producer that it does not know may begin anywhere, one that it knows must go on', () => {
    const { log } = aLog();
    log.append(sequenced(7, 5, 2), epoch);
    assert.throws(() => log.append(sequenced(7, 8), epoch), outOfOrder);
    log.append(sequenced(7, 7), epoch);
  });

  it('sequences go round, within a batch too', () => {
    const { log } = aLog();
    log.append(sequenced(7, MAX_SEQUENCE - 1, 2), epoch);
    log.append(sequenced(7, 0), epoch);
    log.append(sequenced(8, MAX_SEQUENCE - 1, 4), epoch);
    assert.equal(log.append(sequenced(8, MAX_SEQUENCE - 1, 4), epoch).duplicate, true);
    log.append(sequenced(8, 2), epoch);
  });

  it('a new epoch begins at 0 and fences the old one, copies and all', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0), epoch);
    assert.throws(() => log.append(sequenced(7, 1, 1, { producerEpoch: 1 }), epoch), outOfOrder);
    log.append(sequenced(7, 0, 1, { producerEpoch: 1 }), epoch);
    assert.throws(() => log.append(sequenced(7, 1), epoch), refusedWith('INVALID_PRODUCER_EPOCH'));
    assert.throws(() => log.append(sequenced(7, 0), epoch), refusedWith('INVALID_PRODUCER_EPOCH'));
    assert.throws(() => log.appendMarker(7, 0, 'COMMIT', 0), refusedWith('INVALID_PRODUCER_EPOCH'));
  });

  it('a marker of a new epoch fences too, and the next batch begins at 0', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0, 1, { transactional: true }), epoch);
    log.appendMarker(7, 1, 'ABORT', 0);
    assert.throws(() => log.append(sequenced(7, 1), epoch), refusedWith('INVALID_PRODUCER_EPOCH'));
    assert.throws(() => log.append(sequenced(7, 1, 1, { producerEpoch: 1 }), epoch), outOfOrder);
    log.append(sequenced(7, 0, 1, { producerEpoch: 1 }), epoch);
  });

  it('knows its producers after their records are deleted, and what is left of them after a truncation', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0, 3), epoch);
    log.append(sequenced(8, 0, 3), epoch);
    log.append(sequenced(8, 3), epoch);
    log.deleteRecordsBefore(3);
    log.truncateTo(6);
    assert.equal(log.append(sequenced(7, 0, 3), epoch).duplicate, true);
    assert.equal(log.append(sequenced(8, 0, 3), epoch).baseOffset, 3);
    assert.throws(() => log.append(sequenced(8, 4), epoch), outOfOrder);
    assert.equal(log.append(sequenced(8, 3), epoch).baseOffset, 6);
  });
});

describe('PartitionLog: producers that fall silent', () => {
  const SOON_MS = 1000;
  const CHECK_MS = 600_000;

  function aForgetfulLog() {
    const clock = new ManualClock(START_MS);
    return { clock, log: new PartitionLog({ config: () => DEFAULT_CONFIG, clock, producerExpirationMs: SOON_MS }) };
  }

  it('are strangers after a while, unless in a transaction', () => {
    const { log, clock } = aForgetfulLog();
    log.append(sequenced(7, 0), epoch);
    log.append(sequenced(8, 0, 1, { transactional: true }), epoch);
    clock.advance(SOON_MS - 1);
    assert.equal(log.append(sequenced(7, 0), epoch).duplicate, true);
    clock.advance(1);
    assert.equal(log.append(sequenced(7, 0), epoch).duplicate, false);
    assert.equal(log.append(sequenced(8, 0, 1, { transactional: true }), epoch).duplicate, true);
    clock.advance(SOON_MS - 1);
    log.append(sequenced(7, 1), epoch);
    clock.advance(SOON_MS - 1);
    assert.equal(log.append(sequenced(7, 1), epoch).duplicate, true, 'heard of since');
  });

  it('take no memory for ever', () => {
    const { log, clock } = aForgetfulLog();
    for (let producerId = 0; producerId < 100; producerId++) log.append(sequenced(producerId, 0), epoch);
    assert.equal(log.producers().length, 100);
    clock.advance(CHECK_MS);
    log.append(sequenced(100, 0), epoch);
    assert.deepEqual(log.producers(), [
      {
        producerId: 100,
        producerEpoch: 0,
        lastSequence: 0,
        lastTimestamp: START_MS,
        currentTransactionStartOffset: -1,
      },
    ]);
  });
});

describe('PartitionLog: transactions', () => {
  const transactional = { transactional: true };

  it('are verified when they open, before anything is known of copies', () => {
    const { log } = aLog();
    const asked: number[][] = [];
    const verifyTransaction = (...producer: number[]): void => void asked.push(producer);
    const verified = { leaderEpoch: 0, verifyTransaction };
    log.append(sequenced(7, 0, 1, transactional), verified);
    log.append(sequenced(7, 1, 1, transactional), verified);
    log.append(sequenced(8, 0), verified);
    assert.deepEqual(asked, [[7, 0]]);
    log.append(sequenced(7, 0, 1, { producerEpoch: 1, ...transactional }), verified);
    assert.deepEqual(asked, [
      [7, 0],
      [7, 1],
    ]);
    log.appendMarker(7, 1, 'COMMIT', 0);
    const verifyFails = () => assert.fail('verified');
    assert.throws(
      () =>
        log.append(sequenced(7, 0, 1, { producerEpoch: 1, ...transactional }), {
          leaderEpoch: 0,
          verifyTransaction: verifyFails,
        }),
      /verified/,
    );
  });

  it('take no plain batch of their producer', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0, 1, transactional), epoch);
    assert.throws(() => log.append(sequenced(7, 1), epoch), refusedWith('INVALID_TXN_STATE'));
    log.appendMarker(7, 0, 'COMMIT', 0);
    log.append(sequenced(7, 1), epoch);
  });

  it('that aborted are listed with a fetch of a part of them only', () => {
    const { log } = aLog();
    const listed = (from: number, maxBytes = Infinity) =>
      log.read(from, { ...COMMITTED, maxBytes }).abortedTransactions?.map(({ firstOffset }) => firstOffset);
    for (let i = 0; i < 3; i++) {
      log.append(sequenced(7, i, 1, transactional), epoch); // at 0, 3, 6
      log.append(aBatch(1), epoch);
      log.appendMarker(7, 0, i === 1 ? 'COMMIT' : 'ABORT', 0); // at 2, 5, 8
    }
    assert.deepEqual(listed(0), [0, 6]);
    assert.deepEqual(listed(0, 1), [0]);
    assert.deepEqual(listed(2), [0, 6]);
    assert.deepEqual(listed(3), [6]);
    assert.deepEqual(listed(3, 1), []);
    assert.deepEqual(listed(9), []);
    assert.equal(log.read(0, ALL).abortedTransactions, null);
    log.deleteRecordsBefore(3);
    assert.deepEqual(listed(3), [6]);
  });

  it('whose marker was cut off are open again, and may end otherwise', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0, 2, transactional), epoch);
    log.appendMarker(7, 0, 'ABORT', 0);
    log.truncateTo(2);
    assert.equal(log.lastStableOffset, 0);
    log.appendMarker(7, 0, 'COMMIT', 0);
    assert.deepEqual(log.read(0, COMMITTED).abortedTransactions, []);
  });

  it('that began before the start are open still after a truncation', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0, 2, transactional), epoch);
    for (let i = 0; i < 3; i++) log.append(aBatch(1), epoch);
    log.deleteRecordsBefore(2);
    log.truncateTo(4);
    assert.equal(log.lastStableOffset, 2);
    log.appendMarker(7, 0, 'COMMIT', 0);
    assert.equal(log.lastStableOffset, 5);
  });

  it('of one producer hold back all that came after, those of another too', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0, 1, transactional), epoch);
    log.append(sequenced(8, 0, 1, transactional), epoch);
    log.appendMarker(8, 0, 'COMMIT', 0);
    assert.equal(log.lastStableOffset, 0);
    log.appendMarker(7, 0, 'COMMIT', 0);
    assert.equal(log.lastStableOffset, 4);
  });

  it('wake readers when they end, as the last stable offset moves', () => {
    const { log } = aLog();
    log.append(sequenced(7, 0, 1, transactional), epoch);
    let readable = 0;
    log.onReadable(() => (readable = log.readableBytes(0, 'read_committed')));
    log.appendMarker(7, 0, 'COMMIT', 0);
    assert.equal(readable, log.sizeBytes);
  });
});
