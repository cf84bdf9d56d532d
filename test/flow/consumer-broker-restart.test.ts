import assert from 'node:assert/strict';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import { GroupReader } from '../support/group-reader.js';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';

describeWithKafka('a consumer whose broker restarts', function () {
  this.timeout(300_000);
  let kafka: KafkaCluster;
  let peer: KafkajsPeer;
  let reader: GroupReader;
  before(async () => {
    kafka = await startKafka({ quickStart: true });
    peer = await KafkajsPeer.connect(kafka.brokers);
  });
  after(async () => {
    await reader.close();
    await peer.close();
    await kafka.stop();
  });

  it('goes on where it was, in the same generation, whether it was idle or in the middle of reading', async () => {
    const topic = await peer.createTopic(2);
    reader = new GroupReader({ groupId: uniqueName('group') }, kafka.brokers);
    await reader.read([topic]);
    await reader.owns(2);
    await fill(100);
    await reader.records.received(200);
    await reader.commitPositions();
    const before = reader.consumer.groupMetadata();

    await kafka.restart();
    await fill(100);
    await reader.records.received(400);
    await reader.commitPositions();

    await fill(20_000);
    await reader.stopPolling();
    const loop = kafka.restart();
    reader.startPolling();
    await loop;
    await reader.records.received(40_400);
    await reader.commitPositions();
    assert.deepEqual(reader.consumer.groupMetadata(), before);
    assert.deepEqual([reader.assigned.count, reader.revoked.count, reader.lost.count], [1, 0, 0]);
    for (const partition of [0, 1]) {
      const offsets = reader.records.items.filter((record) => record.partition === partition).map((r) => r.offset);
      assert.deepEqual(
        offsets,
        Array.from({ length: 20_200 }, (_, i) => i),
      );
    }

    async function fill(count: number): Promise<void> {
      await Promise.all([0, 1].map((partition) => peer.fill(topic, partition, count)));
    }
  });
});
