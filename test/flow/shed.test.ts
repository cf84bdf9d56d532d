import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import {
  DefaultKafkaProducerFactory,
  KafkaHeaders,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  type ConsumerRecord,
  type ShedProperties,
} from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { placeOf, placesIn, ShedScene, sorted } from '../support/shed-scene.js';
import { until } from '../support/until.js';

describeWithKafka('shed', function () {
  this.timeout(300_000);
  let scene: ShedScene;
  beforeEach(async () => {
    scene = new ShedScene();
    await scene.create();
  });
  afterEach(() => scene.close());

  it('skips a backlog under load; compensation replays it and nothing else, over a restart in the middle', async () => {
    const heard = new Recorder<ConsumerRecord>();
    const gate = deferred();
    const container = scene.listening(async (record) => {
      if (heard.count >= 100) await gate.promise; // a backlog grows
      heard.record(record);
    });
    await scene.send(1_000);
    await container.start();
    await heard.received(100);
    const ranges = await container.shed();
    gate.resolve();
    assert.deepEqual(
      ranges.map(({ to }) => to),
      [1_000, 1_000],
    );
    await scene.send(10);
    await scene.committed(1_010);
    assert.equal(container.metrics().lag, 0);
    const skipped = placesIn(ranges);
    const processed = heard.items.map(placeOf);
    assert.deepEqual(sorted([...processed, ...skipped]).length, 2_020, 'all is processed, or in a range');

    const first = scene.compensating({ rateLimit: { limitForPeriod: 500, burst: 100 } });
    await first.container.start();
    await first.heard.received(500);
    await first.container.stop();
    const second = scene.compensating();
    await second.container.start();
    await until(
      'all ranges are replayed',
      () => second.container.metrics().compensated + first.container.metrics().compensated === 2,
    );
    await second.container.stop();
    const replayed = [...first.heard.items, ...second.heard.items];
    assert.deepEqual(sorted(replayed.map(placeOf)), sorted(skipped));
    assert.ok(second.heard.count < skipped.length - 400, 'it goes on where the first was');
    assert.equal(
      replayed.every(({ headers }) => headers.has(KafkaHeaders.SHED_RANGE)),
      true,
    );
    assert.deepEqual(await scene.recorded(await scene.written()), []);
  });

  it('skips nothing, and makes no topic, where that of its ranges does not exist', async () => {
    const { kafka, factory, topic, admin } = scene;
    const misspelt = `${scene.shedTopic}s`;
    const heard = new Recorder<ConsumerRecord>();
    const gate = deferred();
    await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka)); // which may make topics
    await using container = new MessageListenerContainer(
      factory,
      {
        topics: [topic],
        shed: { template, topic: misspelt, allowReorder: true },
        listener: async (record) => {
          await gate.promise;
          heard.record(record);
        },
      },
      { logger: silentLogger },
    );
    await scene.send(50);
    await container.start();
    try {
      await assert.rejects(container.shed(), {
        code: 'SHED_TOPIC_MISSING',
        message: new RegExp(`^${misspelt} does not exist.*cleanup\\.policy=compact`),
      });
    } finally {
      gate.resolve(); // or the container does not stop
    }
    assert.equal((await admin.listTopics()).includes(misspelt), false);
    assert.equal(container.metrics().shedOffsets, 0);
    await heard.received(100);
    await scene.committed(50);
  });

  it('skips nothing where ranges would not be kept: in a topic that is not compacted, or by a leader alone', async () => {
    const { kafka, factory, topic, admin, template } = scene;
    const deleting = uniqueName('deleting');
    await admin.createTopics([{ topic: deleting, partitions: 1 }]);
    await using careless = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka, { acks: 1 }));
    const refused: [ShedProperties, string][] = [
      [{ template, topic: deleting }, 'SHED_TOPIC_NOT_COMPACTED'],
      [{ template: careless }, 'ACKS_NOT_ALL'],
    ];
    await scene.send(50);
    for (const [shed, code] of refused) {
      await using container = new MessageListenerContainer(
        factory,
        { topics: [topic], shed: { ...shed, allowReorder: true }, listener: () => undefined },
        { logger: silentLogger },
      );
      await container.start();
      await assert.rejects(container.shed(), { code });
      assert.equal(container.metrics().shedOffsets, 0);
      await scene.committed(50);
    }
    assert.deepEqual([await scene.written(), (await admin.offsets(deleting))[0]?.end], [0, 0]);
  });

  it('is shared by instances: each range is one instance’s, and goes on at another', async () => {
    const { template, shedTopic, topic, admin, groupId } = scene;
    await scene.send(300);
    const slowly = { rateLimit: { limitForPeriod: 200, burst: 1 } };
    const instances = [scene.compensating(slowly), scene.compensating(slowly)];
    await Promise.all(instances.map(({ container }) => container.start()));
    await until('each has a part of the shed topic', async () => {
      const [group] = await admin.describeGroups([`${groupId}-compensation`]);
      return group?.members.length === 2 && group.members.every(({ assignment }) => assignment.length > 0);
    });
    const ranges = Array.from({ length: 30 }, (_, i) => ({ topic, partition: i % 2, from: i * 10, to: i * 10 + 10 }));
    for (const [i, range] of ranges.entries()) {
      const key = `${topic}/${range.partition}/${range.from}/${range.to}`;
      await template.send(shedTopic, JSON.stringify(range), { key, partition: i % 3 });
    }
    await instances[0]!.heard.received(1);
    await instances[1]!.heard.received(1);
    await instances[0]!.container.stop();
    await until(
      'all are replayed',
      () => instances.reduce((sum, { container }) => sum + container.metrics().compensated, 0) === 30,
    );
    const heard = instances.flatMap((instance) => instance.heard.items.map(placeOf));
    assert.deepEqual(sorted(heard), sorted(placesIn(ranges)));
    assert.ok(heard.length < 330, `${heard.length} replayed`);
  });
});
