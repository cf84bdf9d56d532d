import assert from 'node:assert/strict';
import { isKafkaError, type ConsumerRebalanceListener, type TopicPartition } from '@hearken/core';
import { fetchApi, listOffsetsApi, offsetFetchApi } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import fc from 'fast-check';
import { KafkaConsumer } from '../../dist/consumer/kafka-consumer.js';
import { kafkaOptions } from '../support/options.js';
import { aContext } from './support/context.js';
import { held } from './support/fake-cluster.js';

const at = { topic: 'orders', partition: 0 };

/** Assigned orders-0. */
async function aConsumer(): Promise<KafkaConsumer> {
  const { cluster, options } = aContext({ autoOffsetReset: 'earliest' });
  cluster
    .topic('orders', 1)
    .answer(offsetFetchApi, () => ({ throttleTimeMs: 0, errorCode: 0, topics: [] }))
    .answer(listOffsetsApi, () => ({
      throttleTimeMs: 0,
      topics: [
        { name: 'orders', partitions: [{ partitionIndex: 0, errorCode: 0, timestamp: -1, offset: 0, leaderEpoch: 0 }] },
      ],
    }))
    .answer(fetchApi, held);
  const consumer = new KafkaConsumer(kafkaOptions({}, new ManualClock()), options, cluster);
  await consumer.assign([at]);
  return consumer;
}

/** Every method that takes something, with what is no right argument. */
const calls: Readonly<Record<string, (consumer: KafkaConsumer, garbage: never) => unknown>> = {
  subscribe: (consumer, garbage) => consumer.subscribe(garbage),
  assign: (consumer, garbage) => consumer.assign(garbage),
  'poll for so long': (consumer, garbage) => consumer.poll(garbage),
  'poll so many': (consumer, garbage) => consumer.poll(0, garbage),
  pause: (consumer, garbage) => consumer.pause(garbage),
  resume: (consumer, garbage) => consumer.resume(garbage),
  'seek a partition': (consumer, garbage) => consumer.seek(garbage, 0),
  'seek an offset': (consumer, garbage) => consumer.seek(at, garbage),
  seekToBeginning: (consumer, garbage) => consumer.seekToBeginning(garbage),
  seekToEnd: (consumer, garbage) => consumer.seekToEnd(garbage),
  position: (consumer, garbage) => consumer.position(garbage),
  commit: (consumer, garbage) => consumer.commit(garbage),
  'commit an offset': (consumer, garbage) => consumer.commit([{ ...at, offset: garbage }]),
  committed: (consumer, garbage) => consumer.committed(garbage),
  offsetsForTimes: (consumer, garbage) => consumer.offsetsForTimes(garbage),
  'offsetsForTimes at a time': (consumer, garbage) => consumer.offsetsForTimes([{ ...at, timestamp: garbage }]),
  beginningOffsets: (consumer, garbage) => consumer.beginningOffsets(garbage),
  endOffsets: (consumer, garbage) => consumer.endOffsets(garbage),
};

/** Wrong for every one of them. */
const garbage = fc.oneof(
  fc.constantFrom(null, {}, '', 'orders', NaN, true, [null], [undefined], [{}], [{ topic: 'orders' }], Symbol('s')),
  fc.constantFrom([{ topic: 7, partition: 0 }], [{ topic: '', partition: 0 }], [{ ...at, partition: -1 }]),
  fc.constantFrom({ topic: 'orders', partition: '0' }, { partition: 0 }, [[at]], () => undefined),
);

describe('a consumer that is called wrongly', () => {
  let consumer: KafkaConsumer;
  before(async () => (consumer = await aConsumer()));
  after(() => consumer.close());

  for (const [name, call] of Object.entries(calls)) {
    it(`says so with a code: ${name}`, async () => {
      const law = fc.asyncProperty(garbage, async (value) => {
        const error: unknown = await Promise.resolve()
          .then(() => call(consumer, value as never))
          .then(
            () => 'nothing',
            (reason: unknown) => reason,
          );
        assert.ok(isKafkaError(error), `${String(error)} for ${typeof value}`);
        assert.notEqual(error.code, '');
      });
      await fc.assert(law, { numRuns: 40 });
      assert.equal(consumer.position(at), 0);
      assert.deepEqual([consumer.assignment(), consumer.paused()], [[at], []]);
    });
  }

  it('takes no listener that lacks a method', async () => {
    const { cluster, options } = aContext();
    const group = new KafkaConsumer(kafkaOptions({}, new ManualClock()), options, cluster);
    const partial = { onPartitionsAssigned: () => Promise.resolve() } as unknown as ConsumerRebalanceListener;
    await assert.rejects(group.subscribe(['orders'], partial), { code: 'INVALID_ARGUMENT' });
    await group.close();
  });

  it('takes any number of partitions, none too, and those that it does not have where that is harmless', async () => {
    const other: TopicPartition = { topic: 'others', partition: 3 };
    consumer.pause([]);
    consumer.pause([other]);
    consumer.resume([other]);
    await consumer.seekToEnd([]);
    assert.throws(() => consumer.seek(other, 0), { code: 'NOT_ASSIGNED' });
  });
});
