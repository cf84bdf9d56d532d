import assert from 'node:assert/strict';
import { BATCH_OVERHEAD } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import fc from 'fast-check';
import type { PartitionQueue } from '../../dist/producer/partition-queue.js';
import { topicPartitioner } from '../../dist/producer/partitioner.js';
import type { ProducerBatch } from '../../dist/producer/producer-batch.js';
import { ProducerTopic } from '../../dist/producer/producer-topic.js';
import { RecordAccumulator } from '../../dist/producer/record-accumulator.js';
import { aRecord } from './support/a-record.js';

const BATCH_SIZE = 300;
const EMPTY_SIZE = aRecord('').sizeBytes;

function setup(maxInFlight = 5) {
  const clock = new ManualClock();
  const accumulator = new RecordAccumulator({ batchSizeBytes: BATCH_SIZE, maxInFlight, clock });
  const topic = new ProducerTopic('t', topicPartitioner('murmur2', Math.random));
  const partitions = [0, 1, 2].map((partition) => ({
    partition,
    errorCode: 0,
    leader: 1,
    leaderEpoch: 0,
    replicas: [],
    isr: [],
  }));
  topic.follow({ name: 't', topicId: undefined, errorCode: 0, isInternal: false, fetchedAt: 0, partitions });
  let ids = 0;
  /** Appends a record of about this size; its value begins with its id, which is returned. */
  const append = (partition: number, sizeBytes: number): number => {
    const record = aRecord(String(ids).padEnd(sizeBytes - EMPTY_SIZE));
    accumulator.append(topic.queues[partition]!, record);
    return ids++;
  };
  return { accumulator, topic, clock, append };
}

const idsOf = (batch: ProducerBatch): number[] => batch.records.map(({ value }) => Number(value));

describe('RecordAccumulator', () => {
  it('closes a batch when another record like the last would not fit', () => {
    const { topic, append } = setup();
    append(0, 100);
    assert.equal(topic.queues[0]!.waiting[0]!.state, 'open');
    append(0, 100); // a third would not fit into 300
    assert.equal(topic.queues[0]!.waiting[0]!.state, 'closed');
    append(0, 50);
    assert.deepEqual(
      topic.queues[0]!.waiting.map(({ state }) => state),
      ['closed', 'open'],
    );
  });

  it('gives a record that is larger than a batch one of its own', () => {
    const { topic, append } = setup();
    append(0, 50);
    append(0, 1000);
    append(0, 50);
    assert.deepEqual(topic.queues[0]!.waiting.map(idsOf), [[0], [1], [2]]);
  });

  it('puts a batch back before those that came after, and parts of it in its place', () => {
    const { accumulator, topic, append } = setup();
    const queue = topic.queues[0]!;
    for (let i = 0; i < 6; i++) append(0, 100);
    const first = accumulator.take(queue);
    accumulator.putBack(first);
    assert.deepEqual(queue.waiting.map(idsOf), [
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    assert.equal(accumulator.take(queue), first);
    accumulator.replace(first, first.replaceWith([[first.records[0]!], [first.records[1]!]]));
    assert.deepEqual(queue.waiting.map(idsOf), [[0], [1], [2, 3], [4, 5]]);
    assert.deepEqual(queue.inFlight, []);
  });

  it('lets one leave at a time, then several once one was acknowledged, and one again after any failure', () => {
    const { accumulator, topic, append } = setup(3);
    const queue = topic.queues[0]!;
    for (let i = 0; i < 12; i++) append(0, 200);
    const take = (): ProducerBatch => accumulator.take(queue);
    const first = take();
    assert.equal(accumulator.mayTake(queue), false);
    accumulator.acknowledge(first);
    const [second, third, fourth] = [take(), take(), take()];
    assert.equal(accumulator.mayTake(queue), false);
    accumulator.putBack(third);
    assert.equal(accumulator.mayTake(queue), false, 'the others have to come back first');
    accumulator.acknowledge(second);
    accumulator.putBack(fourth);
    assert.equal(take(), third);
    assert.equal(accumulator.mayTake(queue), false, 'a retry goes alone');
    accumulator.acknowledge(third);
    assert.equal(take(), fourth);
    assert.equal(accumulator.mayTake(queue), false, 'nothing new before all retries are settled');
    accumulator.acknowledge(fourth);
    accumulator.forget(take());
    take();
    assert.equal(accumulator.mayTake(queue), false, 'nor with the first after one was given up');
  });

  it('lets no second one leave where nobody keeps their order', () => {
    const { accumulator, topic, append } = setup(1);
    for (let i = 0; i < 3; i++) append(0, 200);
    accumulator.acknowledge(accumulator.take(topic.queues[0]!));
    accumulator.take(topic.queues[0]!);
    assert.equal(accumulator.mayTake(topic.queues[0]!), false);
  });

  it('knows since when it has not been empty', () => {
    const { accumulator, topic, clock, append } = setup();
    assert.equal(accumulator.busySinceMs, Infinity);
    clock.advance(5);
    append(0, 50);
    clock.advance(5);
    append(1, 50);
    assert.equal(accumulator.busySinceMs, 5);
    for (const partition of [0, 1]) accumulator.forget(accumulator.take(topic.queues[partition]!));
    assert.equal(accumulator.busySinceMs, Infinity);
  });

  it('keeps every record, in order per partition, in batches within bounds, at its pace', () => {
    const command = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('append' as const),
          partition: fc.nat(2),
          sizeBytes: fc.integer({ min: 50, max: 400 }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), which: fc.nat(99) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('put back' as const), which: fc.nat(99) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('split' as const), which: fc.nat(99) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(99) }) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const { accumulator, topic, append } = setup();
        const model = [0, 1, 2].map((): number[] => []); // unsettled ids per partition
        let flying: ProducerBatch[] = [];
        const drop = (batch: ProducerBatch): void => void (flying = flying.filter((one) => one !== batch));
        for (const one of commands) {
          if (one.do === 'append') {
            model[one.partition]!.push(append(one.partition, one.sizeBytes));
          } else if (one.do === 'take') {
            const ready = [...accumulator.ready()];
            if (ready.length > 0) flying.push(accumulator.take(ready[one.which % ready.length]!));
          } else if (flying.length > 0) {
            const batch = flying[one.which % flying.length]!;
            drop(batch);
            if (one.do === 'put back') accumulator.putBack(batch);
            if (one.do === 'split') {
              const middle = batch.records.length >> 1;
              const groups = [batch.records.slice(0, middle), batch.records.slice(middle)];
              accumulator.replace(batch, batch.replaceWith(groups.filter((group) => group.length > 0)));
            }
            if (one.do === 'settle') {
              const settled = batch.records.map(({ value }) => Number(value));
              model[batch.queue.partition] = model[batch.queue.partition]!.filter((id) => !settled.includes(id));
              if (one.which % 2 === 0) accumulator.forget(batch);
              else accumulator.acknowledge(batch);
            }
          }
          check(accumulator, topic.queues, model);
        }
        assert.equal(
          accumulator.busySinceMs === Infinity,
          model.every((ids) => ids.length === 0),
        );
        assert.equal(accumulator.batches().flatMap(idsOf).length, model.flat().length);
      }),
    );
  });
});

function check(accumulator: RecordAccumulator, queues: readonly PartitionQueue[], model: readonly number[][]): void {
  const ready = [...accumulator.ready()];
  for (const queue of queues) {
    const batches = [...queue.inFlight, ...queue.waiting].sort((a, b) => a.place - b.place);
    assert.deepEqual(batches.flatMap(idsOf), model[queue.partition]);
    assert.deepEqual(
      queue.waiting,
      [...queue.waiting].sort((a, b) => a.place - b.place),
    );
    assert.ok(queue.inFlight.length <= 5);
    if (accumulator.mayTake(queue)) assert.ok(ready.includes(queue));
    // What was tried before leaves alone, and nothing else with it.
    if (queue.waiting.some(({ attempts }) => attempts > 0)) assert.equal(queue.pace, 'one-by-one');
    for (const { records, sizeBytes } of batches) {
      assert.equal(
        sizeBytes,
        records.reduce((sum, record) => sum + record.sizeBytes, BATCH_OVERHEAD),
      );
      assert.ok(records.length === 1 || sizeBytes <= BATCH_SIZE);
    }
  }
}
