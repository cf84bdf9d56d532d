import assert from 'node:assert/strict';
import { encodeRecordBatch } from '@hearken/protocol';
import { ManualClock, RecordingLogger } from '@hearken/testing';
import { Idempotence } from '../../dist/producer/idempotence.js';
import { topicPartitioner } from '../../dist/producer/partitioner.js';
import type { ProducerBatch } from '../../dist/producer/producer-batch.js';
import { ProducerIdentity } from '../../dist/producer/producer-identity.js';
import { ProducerTopic } from '../../dist/producer/producer-topic.js';
import { RecordAccumulator } from '../../dist/producer/record-accumulator.js';
import { aRecord } from './support/a-record.js';
import { FakePartitionLog } from './support/fake-partition-log.js';

const partition = { partition: 0, errorCode: 0, leader: 1, leaderEpoch: 0, replicas: [], isr: [] };
const metadata = { name: 't', topicId: 'a', errorCode: 0, isInternal: false, fetchedAt: 0, partitions: [partition] };

/** A partition whose batches are taken and come back as the test says. */
function setup() {
  const clock = new ManualClock();
  const retired: number[] = [];
  const identities = {
    isReady: true,
    isReadyAfter: (used: ProducerIdentity | undefined) => identities.isReady || used !== undefined,
    after: (used: ProducerIdentity | undefined) => new ProducerIdentity(7, (used?.producerEpoch ?? -1) + 1),
    retire: ({ producerId }: ProducerIdentity) => void retired.push(producerId),
  };
  const logger = new RecordingLogger();
  const idempotence = new Idempotence({ identities, clock, logger });
  const accumulator = new RecordAccumulator({ batchSizeBytes: 1, maxInFlight: 5, clock });
  const topic = new ProducerTopic('t', topicPartitioner('murmur2', Math.random));
  topic.follow(metadata);
  const queue = topic.queues[0]!;
  const append = (count: number): void => {
    for (let i = 0; i < count; i++) accumulator.append(queue, aRecord());
  };
  const take = (): ProducerBatch => {
    assert.ok(accumulator.mayTake(queue));
    idempotence.number(queue);
    return accumulator.take(queue);
  };
  const acknowledge = (batch: ProducerBatch): void => {
    idempotence.acknowledged(batch, -1);
    accumulator.acknowledge(batch);
  };
  /** The first is acknowledged, three more are in flight. */
  const fill = (): [ProducerBatch, ProducerBatch, ProducerBatch] => {
    append(4);
    acknowledge(take());
    return [take(), take(), take()];
  };
  const comeBack = (...batches: ProducerBatch[]): void => {
    for (const batch of batches) accumulator.putBack(batch);
  };
  const giveUp = (batch: ProducerBatch): void => {
    accumulator.forget(batch);
    idempotence.abandoned(batch);
  };
  return { idempotence, accumulator, queue, topic, clock, logger, retired, identities, append, take, acknowledge, fill, comeBack, giveUp }; // prettier-ignore
}

const numberOf = ({ identity, baseSequence }: ProducerBatch): unknown => [identity?.producerEpoch, baseSequence];

describe('Idempotence', () => {
  it('numbers batches in their order, and what comes back keeps its number', () => {
    const { fill, comeBack, take, acknowledge } = setup();
    const [a, b, c] = fill();
    assert.deepEqual([a, b, c].map(numberOf), [[0, 1], [0, 2], [0, 3]]); // prettier-ignore
    for (const batch of [a, b]) batch.mayBeWritten = true;
    comeBack(c, a, b);
    for (const batch of [a, b, c]) {
      assert.equal(take(), batch);
      acknowledge(batch);
    }
    assert.deepEqual([a, b, c].map(numberOf), [[0, 1], [0, 2], [0, 3]]); // prettier-ignore
  });

  it('gives the sequences of a refused batch to those behind it, if none of them may be written', () => {
    const { fill, comeBack, giveUp, take, acknowledge, append } = setup();
    const [a, b, c] = fill();
    giveUp(a);
    comeBack(b, c);
    acknowledge(take());
    acknowledge(take());
    append(1);
    assert.deepEqual([b, c, take()].map(numberOf), [[0, 1], [0, 2], [0, 3]]); // prettier-ignore
  });

  it('takes a new epoch if one of them is still on its way somewhere: it could land in the place of another', () => {
    const { fill, comeBack, giveUp, take } = setup();
    const [a, b, c] = fill();
    giveUp(a);
    c.mayBeWritten = true;
    comeBack(b, c);
    assert.equal(take(), b);
    assert.deepEqual(numberOf(b), [1, 0]);
    assert.equal(c.mayBeWritten, false, 'behind a gap that stays it is not written');
  });

  it('never numbers anew what may be written behind a batch that may be too', () => {
    const { fill, comeBack, giveUp, take, acknowledge, append } = setup();
    const [a, b, c] = fill();
    for (const batch of [a, b]) batch.mayBeWritten = true;
    giveUp(a);
    comeBack(b, c);
    assert.equal(take(), b);
    assert.deepEqual(numberOf(b), [0, 2]);
    acknowledge(b);
    append(1);
    acknowledge(take());
    assert.deepEqual([c, take()].map(numberOf), [[1, 0], [1, 1]]); // prettier-ignore
  });

  it('tells a batch that has to wait for another from one whose turn it was', () => {
    const { idempotence, fill, comeBack, acknowledge } = setup();
    const [a, b, c] = fill();
    assert.deepEqual([a, b, c].map((batch) => idempotence.outOfSequence(batch)), ['lost', 'behind', 'behind']); // prettier-ignore
    a.mayBeWritten = true;
    comeBack(a);
    acknowledge(b);
    assert.equal(idempotence.outOfSequence(c), 'lost');
    assert.equal(idempotence.outOfSequence(a), 'written', 'a later one is');
  });

  it('once a batch was given up, tells it by the order alone', () => {
    const { idempotence, fill, giveUp } = setup();
    const [a, b, c] = fill();
    a.mayBeWritten = true;
    giveUp(a);
    assert.deepEqual([b, c].map((batch) => idempotence.outOfSequence(batch)), ['lost', 'behind']); // prettier-ignore
  });

  it('waits for a producer id with the first batch, and with nothing else while the broker takes the one it has', () => {
    const { idempotence, identities, queue, append, take, comeBack, giveUp } = setup();
    identities.isReady = false;
    append(1);
    assert.equal(idempotence.admits(queue), false);
    identities.isReady = true;
    const first = take();
    identities.isReady = false;
    comeBack(first);
    assert.equal(idempotence.admits(queue), true, 'under the number it has');
    giveUp(take());
    append(1);
    assert.equal(idempotence.admits(queue), true, 'under the next epoch');
    assert.deepEqual(numberOf(take()), [0, 0]);
  });

  it('waits for another producer id when the broker takes nothing more from it, but not with what only the old one can tell of', () => {
    const { idempotence, identities, queue, fill, comeBack } = setup();
    const [a, b, c] = fill();
    b.mayBeWritten = true;
    idempotence.lost(a, true);
    identities.isReady = false;
    comeBack(a, b, c);
    assert.equal(idempotence.admits(queue), false);
    queue.waiting.shift();
    assert.equal(idempotence.admits(queue), true);
    queue.waiting.shift();
    assert.equal(idempotence.admits(queue), false);
  });

  it('gives up the producer id of which the broker takes nothing more', () => {
    const { idempotence, fill, retired, logger } = setup();
    const [a, b] = fill();
    idempotence.lost(a, false);
    assert.deepEqual(retired, []);
    idempotence.lost(b, true);
    assert.deepEqual(retired, [7]);
    assert.equal(logger.at('warn').length, 1, 'once');
  });

  for (const [what, isFenced, message] of [
    ['misses what it wrote', false, /is data lost\?/],
    ['has seen a later epoch of its id', true, /a later epoch.*another id/],
  ] as const) {
    it(`says so when the broker ${what}`, () => {
      const { idempotence, fill, logger } = setup();
      const [a] = fill();
      idempotence.lost(a, isFenced);
      const [warning] = logger.at('warn');
      assert.match(warning!.message, message);
      assert.deepEqual(warning!.details, { topic: 't', partition: 0 });
    });
  }

  it('lets one batch find out whether the broker still knows the producer, after a while without any', () => {
    const { queue, clock, append, take, acknowledge, fill } = setup();
    for (const batch of fill()) acknowledge(batch);
    append(2);
    acknowledge(take());
    assert.equal(queue.pace, 'pipelined');
    clock.advance(5 * 60_000);
    take();
    assert.equal(queue.pace, 'one-by-one');
  });

  it('uses no sequence of a topic for the one that is made anew under its name', () => {
    const { queue, topic, fill, take, comeBack } = setup();
    const [a, b, c] = fill();
    a.mayBeWritten = true;
    topic.follow({ ...metadata, fetchedAt: 1 });
    assert.equal(queue.pace, 'pipelined');
    topic.follow({ ...metadata, topicId: 'b' });
    assert.equal(queue.pace, 'one-by-one');
    comeBack(a, b, c);
    assert.equal(take(), a);
    assert.deepEqual(numberOf(a), [0, 1], 'as it is: it could be in the new one already');
  });

  it('goes on over the end of the sequences as the broker does', () => {
    const { queue, append, take, acknowledge } = setup();
    const log = new FakePartitionLog();
    append(8);
    for (let i = 0; i < 8; i++) {
      const batch = take();
      if (i === 0) {
        const start = 2 ** 31 - 4;
        batch.number(batch.identity!, start);
        queue.sequences!.next = start + 1;
        queue.sequences!.expected = start;
      }
      const { producerId, producerEpoch } = batch.identity!;
      const { baseSequence } = batch;
      const bytes = encodeRecordBatch(batch.records, { compression: 'none', producerId, producerEpoch, baseSequence });
      assert.equal(log.append(bytes).errorCode, 0);
      acknowledge(batch);
    }
    assert.deepEqual(log.offered.map(({ baseSequence }) => baseSequence - 2 ** 31).slice(2, 6), [-2, -1, -(2 ** 31), 1 - 2 ** 31]); // prettier-ignore
  });
});
