import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  deduplicate,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  json,
  MessageListenerContainer,
  silentLogger,
  type AckMode,
  type ConsumerRecord,
  type IdStore,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';

interface Order {
  readonly id: string;
  readonly total: number;
}

/** One line in a file for each id: it outlives whoever wrote it. */
const fileStore = (path: string): IdStore => ({
  has: async (id) => (await readFile(path, 'utf8').catch(() => '')).split('\n').includes(id),
  add: (id) => appendFile(path, `${id}\n`),
});

describeWithKafka('filter and middleware', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'middleware' });
  const byId = ({ value }: ConsumerRecord<unknown, Order>): string => value.id;
  let template: KafkaTemplate<Buffer | null, Order>;
  let admin: KafkaAdmin;
  openClients<Buffer | null, Order>((clients) => ({ admin, template } = clients), kafka, {
    valueSerde: json<Order>(),
  });
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'hearken-'))));
  after(() => rm(folder, { recursive: true }));

  async function given(...ids: readonly string[]) {
    const [topic, groupId] = [uniqueName('middleware'), uniqueName('group')];
    await admin.createTopics([{ topic, partitions: 1 }]);
    for (const [total, id] of ids.entries()) await template.send(topic, { id, total });
    const factory = new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' });
    const committed = (offset: number) => awaitCommitted({ admin, groupId }, [{ topic, partition: 0, offset }]);
    return { topic, factory, committed, common: { topics: [topic], valueSerde: json<Order>() } };
  }

  const modes: AckMode[] = ['batch', 'manual-immediate'];
  for (const ackMode of modes) {
    it(`leaves no lag of what the filter dropped, under ackMode '${ackMode}'`, async () => {
      const { factory, committed, common } = await given('a', 'b', 'c', 'd');
      const processed = new Recorder<string>();
      const container = new MessageListenerContainer(factory, {
        ...common,
        ackMode,
        filter: ({ value }) => value.total % 2 === 1,
        listener: ({ value }, context) => {
          processed.record(value.id);
          if (ackMode !== 'batch') context.acknowledgment.acknowledge();
        },
      });
      await container.start();
      await committed(4);
      await container.stop();
      assert.deepEqual(processed.items, ['b', 'd']);
      assert.equal(container.metrics().filtered, 2);
    });
  }

  it('processes each id once over a restart, with a store that outlives it, and loses none that failed', async () => {
    const { topic, factory, committed, common } = await given('a', 'b', 'a', 'c', 'b');
    const store = fileStore(join(folder, topic));
    const processed = new Recorder<string>();
    const failing = new MessageListenerContainer(
      factory,
      {
        ...common,
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ maxRetries: 0 }) }),
        middleware: [deduplicate({ id: byId, store })],
        listener: ({ value }) => {
          if (value.id === 'c') throw new Error('not yet');
          processed.record(value.id);
        },
      },
      { logger: silentLogger },
    );
    await failing.start();
    await assert.rejects(failing.finished, { code: 'LISTENER_FAILED' });
    assert.deepEqual(processed.items, ['a', 'b']);

    await template.send(topic, { id: 'a', total: 9 });
    const dedupe = deduplicate({ id: byId, store });
    const next = new MessageListenerContainer(factory, {
      ...common,
      listener: ({ value }) => processed.record(value.id),
    });
    next.use(dedupe);
    await next.start();
    await committed(6);
    await next.stop();
    assert.deepEqual(processed.items, ['a', 'b', 'c']);
    assert.equal(dedupe.duplicates, 2);
  });

  it('leaves duplicates out of batches', async () => {
    const { factory, committed, common } = await given('a', 'b', 'a', 'c', 'b', 'c', 'd');
    const processed = new Recorder<string>();
    const container = new MessageListenerContainer(factory, {
      ...common,
      batch: { maxRecords: 3 },
      middleware: [deduplicate({ id: byId })],
      batchListener: (records) => records.forEach(({ value }) => processed.record(value.id)),
    });
    await container.start();
    await committed(7);
    await container.stop();
    assert.deepEqual([...processed.items].sort(), ['a', 'b', 'c', 'd']);
  });
});
