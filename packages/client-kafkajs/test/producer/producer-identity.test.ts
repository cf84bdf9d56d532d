import assert from 'node:assert/strict';
import { eventLoopTurn, ManualClock, Recorder } from '@hearken/testing';
import fc from 'fast-check';
import { brokerError, KafkaConnectionError } from '../../dist/errors.js';
import { PartitionQueue } from '../../dist/producer/partition-queue.js';
import { topicPartitioner } from '../../dist/producer/partitioner.js';
import { ProducerBatch } from '../../dist/producer/producer-batch.js';
import { Idempotence, ProducerIdentity, sequenceAfter } from '../../dist/producer/producer-identity.js';
import { ProducerTopic } from '../../dist/producer/producer-topic.js';
import { aRecord } from './support/a-record.js';

const topic = new ProducerTopic('t', topicPartitioner('murmur2', Math.random));
const queue = new PartitionQueue(topic, 0);

function batchOf(recordCount: number, of = queue): ProducerBatch {
  const batch = new ProducerBatch(of, { place: 0, createdAtMs: 0 });
  for (let i = 0; i < recordCount; i++) batch.add(aRecord());
  return batch;
}

describe('sequences', () => {
  it('go on at 0 after 2^31 - 1', () => {
    assert.equal(sequenceAfter(0, 10), 10);
    assert.equal(sequenceAfter(2 ** 31 - 2, 1), 2 ** 31 - 1);
    assert.equal(sequenceAfter(2 ** 31 - 1, 1), 0);
    assert.equal(sequenceAfter(2 ** 31 - 3, 10), 7);
  });

  it('of a partition have no gaps and no overlaps over claims and taken-back claims', () => {
    const step = fc.record({
      partition: fc.nat(2),
      recordCount: fc.integer({ min: 1, max: 9 }),
      isTakenBack: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const identity = new ProducerIdentity(1, 0);
        const queues = [0, 1, 2].map((partition) => new PartitionQueue(topic, partition));
        const expected = [0, 0, 0];
        for (const { partition, recordCount, isTakenBack } of steps) {
          const claimed = identity.claim(queues[partition]!, recordCount);
          assert.equal(claimed, expected[partition]);
          if (isTakenBack) assert.ok(identity.giveBack(queues[partition]!, claimed, recordCount));
          else expected[partition]! += recordCount;
        }
      }),
    );
  });

  it('are not taken back from under a later claim', () => {
    const identity = new ProducerIdentity(1, 0);
    const first = identity.claim(queue, 3);
    identity.claim(queue, 2);
    assert.equal(identity.giveBack(queue, first, 3), false);
    assert.equal(identity.claim(queue, 1), 5);
  });
});

describe('Idempotence', () => {
  function setup(...answers: (number | Error)[]) {
    const clock = new ManualClock();
    const changes = new Recorder<'change'>();
    const refusals = new Recorder<unknown>();
    const idempotence = new Idempotence({
      acquire: () => {
        const answer = answers.shift();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(new ProducerIdentity(answer ?? 0, 0));
      },
      clock,
      random: () => 0.5,
      onChange: () => changes.record('change'),
      onRefused: refusals.record,
    });
    const renew = async (): Promise<void> => {
      idempotence.renewIfDue(clock.monotonic());
      await changes.next();
    };
    return { idempotence, clock, renew, refusals };
  }

  it('admits nothing before it has an identity, and asks once', async () => {
    const { idempotence, renew } = setup(7);
    assert.equal(idempotence.admits(batchOf(1)), false);
    const renewed = renew();
    assert.equal(idempotence.renewIfDue(0), Infinity);
    await renewed;
    const batch = batchOf(2);
    assert.equal(idempotence.admits(batch), true);
    idempotence.stamp(batch);
    assert.deepEqual([batch.identity?.producerId, batch.baseSequence], [7, 0]);
    idempotence.stamp(batch);
    assert.equal(batch.baseSequence, 0, 'a second attempt keeps its sequence');
  });

  it('backs off after an error that may pass, and tells of one that will not', async () => {
    const { idempotence, clock, renew, refusals } = setup(
      new KafkaConnectionError('down', { code: 'CONNECTION_FAILED' }),
      brokerError(31, 'InitProducerId'),
    );
    await renew();
    assert.equal(refusals.count, 0);
    const againAtMs = idempotence.renewIfDue(clock.monotonic());
    assert.ok(againAtMs > 0 && againAtMs <= 1_200, `${againAtMs}`);
    clock.advance(againAtMs);
    await renew();
    assert.equal(refusals.count, 1);
  });

  it('after a hole, sends no new batch until every old one is settled; then sequences start at 0', async () => {
    const { idempotence, clock, renew } = setup(7, 8);
    await renew();
    const other = new PartitionQueue(topic, 1);
    const [lost, running] = [batchOf(4), batchOf(2, other)];
    for (const batch of [lost, running]) idempotence.stamp(batch);
    lost.mayBeWritten = true;
    idempotence.release(lost);
    idempotence.settle(lost);
    assert.equal(idempotence.admits(batchOf(1)), false);
    assert.equal(idempotence.admits(running), true, 'its outcome is known to its own identity only');
    assert.equal(idempotence.renewIfDue(clock.monotonic()), Infinity);
    idempotence.settle(running);
    await renew();
    const next = batchOf(1);
    idempotence.stamp(next);
    assert.deepEqual([next.identity?.producerId, next.baseSequence], [8, 0]);
  });

  it('goes on with the sequences of a batch that was refused', async () => {
    const { idempotence, renew } = setup(7);
    await renew();
    const [written, refused, next] = [batchOf(4), batchOf(3), batchOf(2)];
    idempotence.stamp(written);
    idempotence.settle(written);
    idempotence.stamp(refused);
    idempotence.release(refused);
    idempotence.settle(refused);
    idempotence.stamp(next);
    assert.equal(next.baseSequence, 4);
    await eventLoopTurn();
  });

  it('parts of a batch that may be written stay with its identity, parts of another do not', async () => {
    for (const mayBeWritten of [true, false]) {
      const { idempotence, renew } = setup(7);
      await renew();
      const whole = batchOf(5);
      idempotence.stamp(whole);
      whole.mayBeWritten = mayBeWritten;
      const parts = whole.replaceWith([whole.records.slice(0, 2), whole.records.slice(2)]);
      idempotence.handOver(whole, parts);
      assert.deepEqual(
        parts.map(({ identity }) => identity?.producerId),
        mayBeWritten ? [7, 7] : [undefined, undefined],
      );
      for (const part of parts) idempotence.stamp(part);
      assert.deepEqual(
        parts.map(({ baseSequence }) => baseSequence),
        [0, 2],
      );
    }
  });
});
