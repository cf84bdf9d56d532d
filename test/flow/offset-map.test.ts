import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  string,
  type RecordContainerProperties,
  type TopicPartitionOffset,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { until } from '../support/until.js';

const RECORDS = 30;
/** Their listeners never end. */
const SLOW = ['0', '7'];
/** These end when they are told to. */
const LAST = ['20', '21'] as const;
const ENDED = RECORDS - SLOW.length - LAST.length;

type Properties = Partial<RecordContainerProperties<Buffer | null, string>>;

/** One broker, topic and group, and what listens to it. */
class Scene {
  readonly topic = uniqueName('offset-map');
  readonly groupId = uniqueName('group');
  readonly admin: KafkaAdmin;
  readonly #kafka: { readonly brokers: string[]; readonly clientId: string };
  readonly #template: KafkaTemplate;
  readonly #containers: MessageListenerContainer<Buffer | null, string>[] = [];

  constructor(brokers: string[]) {
    this.#kafka = { brokers, clientId: 'offset-map' };
    this.admin = new KafkaAdmin(this.#kafka);
    this.#template = new KafkaTemplate(new DefaultKafkaProducerFactory(this.#kafka));
  }

  async create(partitions = 1): Promise<void> {
    await this.admin.createTopics([{ topic: this.topic, partitions }]);
  }

  /** Records '0', '1' and so on, each with a key of its own. */
  async send(count = RECORDS, partition = 0): Promise<void> {
    const values = Array.from({ length: count }, (_, i) => `${i}`);
    await Promise.all(values.map((value) => this.#template.send(this.topic, value, { partition, key: value })));
  }

  /** @param held whose listeners end when they are released */
  listening(held: readonly string[], properties: Properties = {}, groupId = this.groupId) {
    const gates = new Map(held.map((value) => [value, deferred()]));
    const [heard, told] = [new Recorder<string>(), new Recorder<TopicPartitionOffset>()];
    const container = new MessageListenerContainer<Buffer | null, string>(
      new DefaultKafkaConsumerFactory(this.#kafka, { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 100 }),
      {
        ...{ topics: [this.topic], valueSerde: string(), ordering: 'key', concurrency: 100 },
        ...{ offsetMap: true, offsetMapIntervalMs: 50, revokeDrainTimeoutMs: 100 },
        listener: ({ value }) => {
          heard.record(value);
          return gates.get(value)?.promise;
        },
        ...properties,
      },
      { logger: silentLogger },
    );
    container.on('offsets:committed', ({ offsets }) => offsets.forEach(told.record));
    this.#containers.push(container);
    return { container, heard, told, release: (value: string) => gates.get(value)?.resolve() };
  }

  /** A consumer outside of the group's generations, for what the group keeps. */
  async asTool<T>(
    use: (consumer: ReturnType<DefaultKafkaConsumerFactory['createConsumer']>) => Promise<T>,
  ): Promise<T> {
    return this.#asGroup(this.groupId, use);
  }

  async committed(): Promise<TopicPartitionOffset | undefined> {
    const { topic } = this;
    return (await this.asTool((consumer) => consumer.committed([{ topic, partition: 0 }])))[0];
  }

  /** Another group that begins with this. */
  async groupAt(offset: TopicPartitionOffset): Promise<string> {
    const groupId = uniqueName('group');
    await this.#asGroup(groupId, (consumer) => consumer.commit([offset]));
    return groupId;
  }

  async close(): Promise<void> {
    await Promise.all(this.#containers.map((each) => each.stop({ immediate: true })));
    await this.#template.close();
    await this.admin.close();
  }

  async #asGroup<T>(
    groupId: string,
    use: (consumer: ReturnType<DefaultKafkaConsumerFactory['createConsumer']>) => Promise<T>,
  ): Promise<T> {
    const consumer = new DefaultKafkaConsumerFactory(this.#kafka, { groupId }).createConsumer();
    try {
      return await use(consumer);
    } finally {
      await consumer.close();
    }
  }
}

/**
 * Listens until the group knows that all ended but the slow ones and the last, of which it may or may not know.
 * @returns who listens, and what the group keeps
 */
async function listenedWithGaps(scene: Scene) {
  await scene.create();
  await scene.send();
  const listening = scene.listening([...SLOW, ...LAST]);
  const { container, heard, told, release } = listening;
  await container.start();
  await heard.received(RECORDS);
  await until('the others ended', () => container.metrics().processed === ENDED);
  for (const last of LAST) {
    // The first of these commits may have been made up before its record ended, the second was not.
    const next = told.next();
    release(last);
    await next;
  }
  return { container, left: told.last! };
}

/** The same, and it has stopped. */
async function stoppedWithGaps(scene: Scene): Promise<TopicPartitionOffset> {
  const { container, left } = await listenedWithGaps(scene);
  await container.stop({ immediate: true });
  return left;
}

/** What was heard that the group knows to have ended is missing. */
function assertSpared(heard: readonly string[], expected: readonly string[], alreadyProcessed: number): void {
  const known = heard.filter((value) => value !== LAST[1]);
  assert.deepEqual([...known].sort(), expected);
  assert.equal(alreadyProcessed, RECORDS - SLOW.length - (heard.length - known.length));
}

describeWithKafka('offsetMap', function () {
  this.timeout(300_000);
  const scenes: Scene[] = [];
  const newScene = (brokers = bootstrapServers()): Scene => {
    const scene = new Scene(brokers);
    scenes.push(scene);
    return scene;
  };
  afterEach(() => Promise.all(scenes.splice(0).map((scene) => scene.close())));

  it('spares what ended behind a slow record, and nothing else, when the group goes on', async () => {
    const scene = newScene();
    await stoppedWithGaps(scene);
    assert.equal((await scene.committed())?.offset, 0);
    const { container, heard } = scene.listening([]);
    await container.start();
    await scene.send(2);
    await until('all are read', () => container.metrics().polled === RECORDS + 2);
    assert.equal((await container.stop()).drained, true);
    assertSpared(heard.items, ['0', '0', '1', '7'], container.metrics().alreadyProcessed);
    const { offset, metadata } = (await scene.committed())!;
    assert.deepEqual([offset, metadata], [RECORDS + 2, undefined]);
  });

  it('has told a group what it needs when a process is killed', async () => {
    const scene = newScene();
    const { left } = await listenedWithGaps(scene); // what a process that is killed now leaves
    const { container, heard } = scene.listening([], {}, await scene.groupAt(left));
    await container.start();
    await until('all are read', () => container.metrics().polled === RECORDS);
    await container.stop();
    assertSpared(heard.items, SLOW, container.metrics().alreadyProcessed);
  });

  it('goes with a partition to another member', async () => {
    const scene = newScene();
    await scene.create(2);
    for (const partition of [0, 1]) await scene.send(RECORDS, partition);
    const first = scene.listening(SLOW);
    await first.container.start();
    const ended = RECORDS - SLOW.length;
    await until('the others ended', () => first.container.metrics().processed === 2 * ended);
    const second = scene.listening(SLOW);
    await second.container.start();
    await until('it has a partition', () => second.container.assignment().length === 1);
    await second.heard.received(SLOW.length);
    await until('all of it is read', () => second.container.metrics().polled === RECORDS);
    assert.deepEqual([...second.heard.items].sort(), SLOW);
    assert.equal(second.container.metrics().alreadyProcessed, ended);
  });

  it('ignores what somebody else wrote, and says so', async () => {
    const scene = newScene();
    await stoppedWithGaps(scene);
    const { topic } = scene;
    const by = { topic, partition: 0, offset: 0, metadata: 'moved by hand' };
    await scene.asTool((consumer) => consumer.commit([by]));
    const { container, heard } = scene.listening([]);
    const ignored = new Recorder<unknown>();
    container.on('offset-map:ignored', ignored.record);
    await container.start();
    await heard.received(RECORDS);
    assert.deepEqual(ignored.items, [{ ...by, reason: 'foreign' }]);
    const { offsetMapsIgnored, alreadyProcessed } = container.metrics();
    assert.deepEqual({ offsetMapsIgnored, alreadyProcessed }, { offsetMapsIgnored: 1, alreadyProcessed: 0 });
  });

  it('is of no use for a topic that was deleted and made anew', async () => {
    const scene = newScene();
    const { topic, partition, offset, metadata = '' } = await stoppedWithGaps(scene);
    assert.notEqual(metadata, '');
    await scene.admin.deleteTopics([scene.topic]);
    await scene.create();
    await scene.send();
    await scene.asTool((consumer) => consumer.commit([{ topic, partition, offset, metadata }])); // as if it had been kept
    const { container, heard } = scene.listening([]);
    await container.start();
    await heard.received(RECORDS);
    assert.equal(container.metrics().offsetMapsIgnored, 1);
  });

  describe('where a broker takes little', () => {
    let kafka: KafkaCluster;
    before(async () => {
      kafka = await startKafka({ quickStart: true, config: { 'offset.metadata.max.bytes': 40 } });
    });
    after(() => kafka.stop());

    it('takes no more, and is never in the way of an offset', async () => {
      const scene = newScene([...kafka.brokers]);
      await scene.create();
      await scene.send(300);
      const slow = Array.from({ length: 100 }, (_, i) => `${Math.floor(i ** 1.2) + 1}`);
      const { container, told } = scene.listening(slow, { concurrency: 200 });
      await container.start();
      await until('a map is cut', () => container.metrics().offsetMapsCut > 0);
      assert.ok(container.metrics().commitFailures > 0);
      const { offset, metadata = '' } = told.last!;
      assert.deepEqual([offset, metadata.length > 0, metadata.length <= 40], [1, true, true]);
    });
  });
});
