import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import type { CompensationListenerContainer, ConsumerRecord, ListenerContext } from 'hearken';
import { describeWithKafka } from '../support/kafka.js';
import { deleteRecords, PARTITIONS, placeOf, placesIn, ShedScene, sorted } from '../support/shed-scene.js';
import { until } from '../support/until.js';

describeWithKafka('compensation of what is not there any more', function () {
  this.timeout(120_000);
  let scene: ShedScene;
  beforeEach(async () => {
    scene = new ShedScene();
    await scene.create();
  });
  afterEach(() => scene.close());

  const replayed = (container: CompensationListenerContainer, count: number): Promise<unknown> =>
    until('all ranges are replayed', () => container.metrics().compensated === count);

  it('tells what retention deleted of a range before its replay', async () => {
    await scene.send(100);
    const ranges = await scene.shed();
    assert.equal(placesIn(ranges).length, 200);
    await deleteRecords(scene.kafka.brokers, scene.topic, [
      { partition: 0, offset: '40' },
      { partition: 1, offset: '100' },
    ]);
    const { container, heard } = scene.compensating();
    await container.start();
    await replayed(container, 2);
    assert.deepEqual(
      sorted(heard.items.map(placeOf)),
      sorted(placesIn([{ topic: scene.topic, partition: 0, from: 40, to: 100 }])),
    );
    assert.equal(container.metrics().missing, 140);
  });

  it('processes what it polled before retention deleted what comes next', async () => {
    for (let batches = 0; batches < 20; batches++) await scene.send(5); // so that it is not fetched all at once
    await scene.shed({ partitions: [{ topic: scene.topic, partition: 0 }] });
    const heard = new Recorder<ConsumerRecord>();
    const deleted = deferred();
    const listener = async (record: ConsumerRecord): Promise<void> => {
      heard.record(record);
      await deleted.promise;
      if (record.offset === 0) await heard.first(({ offset }) => offset >= 60); // it runs when the gap is met
    };
    const { container } = scene.compensating({ listener, bufferRecords: 10 }, { maxPartitionFetchBytes: 1 });
    await container.start();
    await heard.received(10);
    await deleteRecords(scene.kafka.brokers, scene.topic, [{ partition: 0, offset: '60' }]);
    deleted.resolve();
    await replayed(container, 1);
    const { processed, missing } = container.metrics();
    assert.ok(missing > 0 && missing <= 50, `${missing} missing`);
    assert.equal(processed + missing, 100, 'each ended once, or was not there');
    assert.equal(heard.count, processed);
  });

  it('gives up the ranges of a topic that was deleted and made anew', async () => {
    await scene.send(100);
    await scene.shed();
    await scene.admin.deleteTopics([scene.topic]);
    await scene.admin.createTopics([{ topic: scene.topic, partitions: PARTITIONS }]);
    await scene.send(200);
    const { container, heard } = scene.compensating();
    await container.start();
    await replayed(container, 2);
    assert.equal(heard.count, 0);
    assert.equal(container.metrics().missing, 200);
    assert.deepEqual(await scene.recorded(await scene.written()), []);
  });

  it('gives up what is left of a range whose topic is made anew while it is replayed', async () => {
    for (let batches = 0; batches < 20; batches++) await scene.send(5);
    await scene.shed({ partitions: [{ topic: scene.topic, partition: 0 }] });
    const heard = new Recorder<ConsumerRecord>();
    const anew = deferred();
    const listener = async (record: ConsumerRecord): Promise<void> => {
      heard.record(record);
      await anew.promise;
    };
    const { container } = scene.compensating({ listener, bufferRecords: 10 }, { maxPartitionFetchBytes: 1 });
    await container.start();
    await heard.received(10);
    await scene.admin.deleteTopics([scene.topic]);
    await scene.admin.createTopics([{ topic: scene.topic, partitions: PARTITIONS }]);
    anew.resolve();
    await replayed(container, 1);
    const { processed, missing } = container.metrics();
    assert.ok(missing > 0, 'what had not been fetched');
    assert.equal(processed + missing, 100);
    assert.equal(heard.count, processed);
  });

  it('goes back into a range that was read to its end, at once', async () => {
    await scene.send(50);
    await scene.shed({ partitions: [{ topic: scene.topic, partition: 0 }] });
    const heard: number[] = [];
    const listener = ({ offset }: ConsumerRecord, context: ListenerContext): void => {
      if (offset === 49 && !heard.includes(49)) void context.seek(25);
      heard.push(offset);
    };
    const { container } = scene.compensating({ listener, ordering: 'partition', concurrency: 1 });
    const postponed = new Recorder<unknown>();
    container.on('range:postponed', postponed.record);
    await container.start();
    await replayed(container, 1);
    assert.deepEqual(
      heard.slice(-25),
      Array.from({ length: 25 }, (_, i) => 25 + i),
    );
    assert.equal(heard.length, 75);
    assert.equal(postponed.count, 0, 'it need not be found to be stalled');
  });
});
