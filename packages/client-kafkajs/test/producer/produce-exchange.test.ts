import assert from 'node:assert/strict';
import { OptionsCheck } from '@hearken/core/internal';
import { registerCompression, type ProduceRequest } from '@hearken/protocol';
import { ManualClock, Recorder, Signal, eventLoopTurn } from '@hearken/testing';
import type { BatchOutcomes } from '../../dist/producer/batch-outcomes.js';
import { topicPartitioner } from '../../dist/producer/partitioner.js';
import { ProduceExchange } from '../../dist/producer/produce-exchange.js';
import type { ProducerBatch } from '../../dist/producer/producer-batch.js';
import type { ProducerCluster } from '../../dist/producer/producer-cluster.js';
import { resolveProducerOptions } from '../../dist/producer/producer-options.js';
import { ProducerTopic } from '../../dist/producer/producer-topic.js';
import { RecordAccumulator } from '../../dist/producer/record-accumulator.js';
import { aRecord } from './support/a-record.js';

const LEADER = 1;

/** An exchange whose compressor finishes with a batch when its gate is fired, and whose broker never answers. */
function setup() {
  const gates: Signal[] = [];
  registerCompression('lz4', {
    compress: (bytes) => {
      const gate = new Signal();
      gates.push(gate);
      return gate.wait().then(() => bytes);
    },
    decompress: (bytes) => bytes,
  });
  const check = new OptionsCheck('the exchange under test');
  const options = resolveProducerOptions(check, { compression: 'lz4' }, 'options');
  const sent = new Recorder<string>();
  const send = (leader: number, _role: string, _api: unknown, { topicData }: ProduceRequest): Promise<never> => {
    for (const { partitionData } of topicData) {
      for (const { records } of partitionData) sent.record(`${leader}: ${records!.subarray(-2, -1).toString()}`);
    }
    return new Promise(() => undefined);
  };
  const cluster = { send } as unknown as Pick<ProducerCluster, 'send'>;
  const failed = new Recorder<unknown>();
  const outcomes = {
    fail: (_batch: ProducerBatch, error: unknown) => failed.record(error),
  } as unknown as BatchOutcomes;
  return { exchange: new ProduceExchange({ cluster, outcomes, options }), gates, sent };
}

/** Batches of one partition, of one record each. */
function batchesOf(...values: string[]): ProducerBatch[] {
  const topic = new ProducerTopic('t', topicPartitioner('murmur2', Math.random));
  const partition = { partition: 0, errorCode: 0, leader: LEADER, leaderEpoch: 0, replicas: [], isr: [] };
  topic.follow({
    name: 't',
    topicId: undefined,
    errorCode: 0,
    isInternal: false,
    fetchedAt: 0,
    partitions: [partition],
  });
  return values.map((value) => {
    const clock = new ManualClock();
    const accumulator = new RecordAccumulator({ batchSizeBytes: 100, maxInFlight: 5, clock });
    accumulator.append(topic.queues[0]!, aRecord(value));
    return accumulator.take(topic.queues[0]!);
  });
}

describe('ProduceExchange', () => {
  it('sends requests of one leader in the order they came, however long each takes to compress', async () => {
    const { exchange, gates, sent } = setup();
    for (const batch of batchesOf('a', 'b', 'c')) void exchange.run(LEADER, [batch]);
    assert.equal(gates.length, 3, 'all are compressed at the same time');
    for (const gate of [gates[2]!, gates[1]!]) {
      gate.fire();
      await eventLoopTurn();
      assert.deepEqual(sent.items, []);
    }
    gates[0]!.fire();
    await sent.received(3);
    assert.deepEqual(sent.items, ['1: a', '1: b', '1: c']);
  });

  it('lets no leader wait for another', async () => {
    const { exchange, gates, sent } = setup();
    const [a, b] = batchesOf('a', 'b');
    void exchange.run(LEADER, [a!]);
    void exchange.run(LEADER + 1, [b!]);
    gates[1]!.fire();
    await sent.received(1);
    assert.deepEqual(sent.items, ['2: b']);
    gates[0]!.fire();
    await sent.received(2);
  });
});
