import assert from 'node:assert/strict';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  MessageListenerContainer,
  silentLogger,
  string,
  type ConsumerOptions,
  type KafkaAdmin,
  type KafkaTemplate,
  type RecordContainerProperties,
  type TopicPartition,
  type TopicPartitionOffsets,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

type Container = MessageListenerContainer<Buffer | null, string>;

describeWithKafka('a listener container that is sought and paused', function () {
  this.timeout(300_000);
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'seeks' });
  let admin: KafkaAdmin;
  let template: KafkaTemplate;
  let topic: string;
  let groupId: string;
  const containers = new Set<Container>();

  openClients((clients) => ({ admin, template } = clients), kafka);
  beforeEach(async () => {
    [topic, groupId] = [uniqueName('seeks'), uniqueName('group')];
    await admin.createTopics([{ topic, partitions: 2 }]);
  });
  afterEach(async () => {
    await Promise.all([...containers].map((each) => each.stop()));
    containers.clear();
  });

  const at = (partition: number): TopicPartition => ({ topic, partition });

  /** Records written at 1000, 2000 and so on: their timestamps are ours. */
  const send = async (partition: number, ...values: readonly string[]): Promise<void> => {
    for (const [i, value] of values.entries())
      await template.send(topic, value, { partition, timestamp: 1_000 * (i + 1) });
  };

  const listening = (
    properties: Partial<RecordContainerProperties<Buffer | null, string>> = {},
    options: ConsumerOptions = { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 100 },
  ): { readonly container: Container; readonly heard: Recorder<string> } => {
    const heard = new Recorder<string>();
    const source = properties.topicPartitions === undefined ? { topics: [topic] } : {};
    const container: Container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory({ ...kafka(), logger: silentLogger }, options),
      { ...source, valueSerde: string(), listener: ({ value }) => heard.record(value), ...properties },
      { logger: silentLogger },
    );
    containers.add(container);
    return { container, heard };
  };

  it('goes to the ends, to a time and to an offset, and commits where it went', async () => {
    await send(0, 'a', 'b', 'c');
    await send(1, 'x', 'y');
    const { container, heard } = listening();
    await container.start();
    await heard.received(5);
    const again = async (count: number): Promise<string> => {
      const before = heard.count;
      await heard.received(before + count);
      return heard.items.slice(before).sort().join('');
    };
    let rest = again(3);
    assert.equal((await container.seekToTimestamp(2_000)).length, 2);
    assert.equal(await rest, 'bcy');
    rest = again(2);
    await container.seek(at(0), (position) => position - 2);
    assert.equal(await rest, 'bc');
    rest = again(2);
    await container.seekToBeginning([at(1)]);
    assert.equal(await rest, 'xy');
    container.pause([topic]);
    await container.seekToBeginning();
    await awaitCommitted({ admin, groupId }, [{ ...at(0), offset: 0 }]);
    await until('the beginnings are committed', async () =>
      (await admin.committedOffsets(groupId)).every(({ offset }) => offset === 0),
    );
    assert.deepEqual(offsetsOf(await container.seekToEnd()), [3, 2]);
    await awaitCommitted({ admin, groupId }, [
      { ...at(0), offset: 3 },
      { ...at(1), offset: 2 },
    ]);
    assert.deepEqual(offsetsOf(await container.seekToTimestamp(9_000)), [3, 2]);
    const { count } = heard;
    container.resume([topic]);
    await send(0, 'd');
    await heard.received(count + 1);
    assert.equal(heard.items.slice(count).join(''), 'd');
    await until('lag is 0', () => container.snapshot().partitions.every(({ lag }) => lag === 0));
    const { polled, processed, abandoned, outstanding } = container.metrics();
    assert.equal(polled, processed + abandoned + outstanding);
  });

  it('is paused by partition and topic, and again where they are assigned anew', async () => {
    const { container, heard } = listening();
    container.pause([at(0)]);
    await container.start();
    await send(0, 'a');
    await send(1, 'x');
    await heard.received(1);
    assert.deepEqual(heard.items, ['x']);
    const second = listening({ listener: () => undefined });
    await second.container.start();
    await until(
      'each has a partition',
      () => container.assignment().length === 1 && second.container.assignment().length === 1,
    );
    second.container.pause([topic]);
    await container.stop();
    await until('the second has both', () => second.container.assignment().length === 2);
    const partitions = second.container.snapshot().partitions;
    assert.deepEqual(
      partitions.map(({ pausedBy }) => pausedBy),
      [['user'], ['user']],
    );
    assert.deepEqual(heard.items, ['x']);
    second.container.resume();
    await awaitCommitted({ admin, groupId }, [{ ...at(0), offset: 1 }]);
  });

  it('begins where it is said to, without a group, also where nothing else would say it', async () => {
    await send(0, 'a', 'b', 'c');
    await send(1, 'x', 'y', 'z');
    const topicPartitions = [
      { ...at(0), offset: { timestamp: 2_500 } },
      { ...at(1), offset: 'beginning' },
    ] as const;
    const { container, heard } = listening({ topicPartitions }, { autoOffsetReset: 'none' });
    await container.start();
    await heard.received(4);
    assert.deepEqual([...heard.items].sort(), ['c', 'x', 'y', 'z']);
    await container.stop();
    const end = listening({ topicPartitions: [{ ...at(0), offset: 'end' }] }, { autoOffsetReset: 'none' });
    await end.container.start();
    await send(0, 'd');
    await end.heard.received(1);
    assert.deepEqual(end.heard.items, ['d']);
  });

  it('begins at what the log has where it lacks the offset it is told to begin at, in a group that is asked meanwhile', async () => {
    await send(0, 'a', 'b');
    const { container, heard } = listening({ topicPartitions: [{ ...at(0), offset: 1_000 }] });
    const resets: unknown[] = [];
    container.on('position:reset', ({ reason, from, to }) => resets.push([reason, from, to]));
    await container.start();
    await heard.received(2);
    assert.deepEqual([heard.items, resets], [['a', 'b'], [['out-of-range', 1_000, 0]]]);
    await awaitCommitted({ admin, groupId }, [{ ...at(0), offset: 2 }]);
  });

  it('seeks as its partitions are assigned, before their first record', async () => {
    await send(0, 'a', 'b', 'c');
    const { container, heard } = listening({
      rebalanceListener: { onPartitionsAssigned: (_, inside) => inside.seek(at(0), 2) },
    });
    await container.start();
    await heard.received(1);
    await awaitCommitted({ admin, groupId }, [{ ...at(0), offset: 3 }]);
    assert.deepEqual(heard.items, ['c']);
  });

  it('keeps a text with its offsets, and commits them without where it is too long', async () => {
    await send(0, 'a');
    const told = new Recorder<{ readonly error: unknown }>();
    const { container } = listening({
      commitMetadata: ({ partition, offset }) => (partition === 1 ? 'x'.repeat(5_000) : `at ${offset}`),
    });
    container.on('commit:failed', told.record);
    await send(1, 'x');
    await container.start();
    await awaitCommitted({ admin, groupId }, [
      { ...at(0), offset: 1 },
      { ...at(1), offset: 1 },
    ]);
    await container.stop();
    const consumer = new DefaultKafkaConsumerFactory(kafka(), { groupId }).createConsumer();
    const committed = await consumer.committed([at(0), at(1)]);
    await consumer.close();
    assert.deepEqual(
      committed.map(({ offset, metadata }) => [offset, metadata]),
      [
        [1, 'at 1'],
        [1, undefined],
      ],
    );
    assert.equal((told.last?.error as { code?: unknown }).code, 'OFFSET_METADATA_TOO_LARGE');
  });
});

/** In the order of the partitions. */
const offsetsOf = (found: TopicPartitionOffsets): readonly number[] =>
  [...found].sort((a, b) => a.partition - b.partition).map(({ offset }) => offset);
