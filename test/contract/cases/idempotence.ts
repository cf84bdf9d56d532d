import assert from 'node:assert/strict';
import { initProducerIdApi } from '@hearken/protocol';
import { DefaultKafkaProducerFactory } from 'hearken';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import {
  aBatch,
  deleteRecords,
  batchesOf,
  fetch,
  LATEST,
  listOffset,
  produce,
  valuesOf,
} from '../partition-requests.js';

const REMEMBERED = 5;
const LAST_SEQUENCE = 2 ** 31 - 1;

export function idempotenceCases(broker: ContractBroker): void {
  async function newProducer(
    version?: number,
  ): Promise<{ readonly producerId: number; readonly producerEpoch: number }> {
    const nobody = { transactionalId: null, transactionTimeoutMs: -1, producerId: -1, producerEpoch: -1 };
    const answer = await broker.ask(initProducerIdApi, nobody, version);
    assert.equal(nameOf(answer), 'NONE');
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
  }

  /** Batches of one record, `first` to `last` by sequence, in partition 0; all are taken. */
  async function produceUpTo(
    topic: string,
    producer: { producerId: number; producerEpoch: number },
    last: number,
  ): Promise<void> {
    for (let baseSequence = 0; baseSequence <= last; baseSequence++) {
      const { baseOffset } = await produce(broker, topic, aBatch([`${baseSequence}`], { ...producer, baseSequence }));
      assert.equal(baseOffset, baseSequence);
    }
  }

  it('have an id of their own, of epoch 0, in every version', async () => {
    const ids = new Set<number>();
    for (const version of broker.versionsOf(initProducerIdApi)) {
      const { producerId, producerEpoch } = await newProducer(version);
      assert.equal(producerEpoch, 0);
      ids.add(producerId);
    }
    assert.equal(ids.size, broker.versionsOf(initProducerIdApi).length);
  });

  it('may send a batch again: it is answered as before and not written', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    const batch = aBatch(['a', 'b'], { ...producer, baseSequence: 0 });
    await produce(broker, topic, aBatch(['other']));
    for (let i = 0; i < 3; i++) assert.equal((await produce(broker, topic, batch)).baseOffset, 1);
    assert.deepEqual(valuesOf(await fetch(broker, topic)), ['other', 'a', 'b']);
  });

  it('may send any of the last five batches again', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    await produceUpTo(topic, producer, 7);
    for (let baseSequence = 8 - REMEMBERED; baseSequence < 8; baseSequence++) {
      const answer = await produce(broker, topic, aBatch([`${baseSequence}`], { ...producer, baseSequence }));
      assert.deepEqual([nameOf(answer), answer.baseOffset], ['NONE', baseSequence]);
    }
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 8);
  });

  it('may not send an older one', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    await produceUpTo(topic, producer, 7);
    const answer = await produce(broker, topic, aBatch(['2'], { ...producer, baseSequence: 7 - REMEMBERED }));
    assert.equal(nameOf(answer), 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 8);
  });

  it('may not leave a sequence out', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    await produceUpTo(topic, producer, 1);
    const answer = await produce(broker, topic, aBatch(['3'], { ...producer, baseSequence: 3 }));
    assert.equal(nameOf(answer), 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    assert.equal(nameOf(await produce(broker, topic, aBatch(['2'], { ...producer, baseSequence: 2 }))), 'NONE');
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 3);
  });

  it('may not send a batch that begins as one before and ends otherwise', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    await produce(broker, topic, aBatch(['a', 'b'], { ...producer, baseSequence: 0 }));
    const answer = await produce(broker, topic, aBatch(['a', 'b', 'c'], { ...producer, baseSequence: 0 }));
    assert.equal(nameOf(answer), 'OUT_OF_ORDER_SEQUENCE_NUMBER');
  });

  it('begin anywhere where the partition does not know them', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    assert.equal(nameOf(await produce(broker, topic, aBatch(['a'], { ...producer, baseSequence: 42 }))), 'NONE');
    assert.equal(nameOf(await produce(broker, topic, aBatch(['b'], { ...producer, baseSequence: 43 }))), 'NONE');
  });

  it('count on from 0 after the greatest sequence, between batches and within one', async () => {
    const [topic, one, other] = [await broker.topic(), await newProducer(), await newProducer()];
    const batches = [
      aBatch(['a', 'b'], { ...one, baseSequence: LAST_SEQUENCE - 1 }),
      aBatch(['c'], { ...one, baseSequence: 0 }),
      aBatch(['d', 'e', 'f'], { ...other, baseSequence: LAST_SEQUENCE }),
      aBatch(['g'], { ...other, baseSequence: 2 }),
    ];
    for (const batch of batches) assert.equal(nameOf(await produce(broker, topic, batch)), 'NONE');
    assert.equal((await produce(broker, topic, batches[2]!)).baseOffset, 3);
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 7);
  });

  it('have a sequence in each partition', async () => {
    const [topic, producer] = [await broker.topic(2), await newProducer()];
    for (const partition of [0, 1]) {
      const batch = aBatch(['first'], { ...producer, baseSequence: 0 });
      assert.equal((await produce(broker, topic, batch, { partition })).baseOffset, 0);
    }
    assert.equal((await listOffset(broker, topic, LATEST, { partition: 1 })).offset, 1);
  });

  it('of several ids do not disturb each other', async () => {
    const [topic, one, other] = [await broker.topic(), await newProducer(), await newProducer()];
    for (const [i, producer] of [one, other, one, other].entries()) {
      const baseSequence = Math.floor(i / 2);
      assert.equal((await produce(broker, topic, aBatch([`${i}`], { ...producer, baseSequence }))).baseOffset, i);
    }
  });

  it('of a new epoch begin at 0, and end what went before', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    await produceUpTo(topic, producer, 1);
    const bumped = { ...producer, producerEpoch: producer.producerEpoch + 1 };
    const late = await produce(broker, topic, aBatch(['x'], { ...bumped, baseSequence: 2 }));
    assert.equal(nameOf(late), 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    assert.equal(nameOf(await produce(broker, topic, aBatch(['a'], { ...bumped, baseSequence: 0 }))), 'NONE');
    const old = await produce(broker, topic, aBatch(['2'], { ...producer, baseSequence: 2 }));
    assert.equal(nameOf(old), 'INVALID_PRODUCER_EPOCH');
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 3);
  });

  it('are remembered when their records are gone', async () => {
    const [topic, producer] = [await broker.topic(), await newProducer()];
    await produceUpTo(topic, producer, 2);
    await deleteRecords(broker, topic, 3);
    const again = await produce(broker, topic, aBatch(['2'], { ...producer, baseSequence: 2 }));
    assert.deepEqual([nameOf(again), again.baseOffset], ['NONE', 2]);
    assert.equal((await produce(broker, topic, aBatch(['3'], { ...producer, baseSequence: 3 }))).baseOffset, 3);
  });

  it('are what ours is: batches on the way together stay in order', async () => {
    const topic = await broker.topic();
    await using factory = new DefaultKafkaProducerFactory(broker.kafka, { batchSizeBytes: 200 });
    const producer = factory.createProducer();
    const values = Array.from({ length: 500 }, (_, i) => `value ${i}`);
    const sent = await Promise.all(
      values.map((value) => producer.send({ topic, partition: 0, value: Buffer.from(value) })),
    );
    assert.deepEqual(
      sent.map(({ offset }) => offset),
      values.map((_, i) => i),
    );
    const fetched = await fetch(broker, topic);
    assert.deepEqual(valuesOf(fetched), values);
    const ids = new Set(batchesOf(fetched).map(({ producerId }) => producerId));
    assert.ok(ids.size === 1 && !ids.has(-1));
  });

  it('are what kafkajs makes if asked to', async () => {
    const topic = await broker.topic();
    const producer = await broker.kafkajsProducer({ idempotent: true });
    for (const value of ['a', 'b', 'c']) await producer.send({ topic, messages: [{ value }] });
    assert.deepEqual(
      batchesOf(await fetch(broker, topic)).map(({ baseSequence }) => baseSequence),
      [0, 1, 2],
    );
  });
}
