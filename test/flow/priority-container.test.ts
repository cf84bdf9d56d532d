import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { PriorityListenerContainer, type LevelName, type PriorityContainerProperties } from '@hearken/priority';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  silentLogger,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';
import { openClients } from '../support/suite-clients.js';

describeWithKafka('a priority container', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'priority' });
  let template: KafkaTemplate;
  let admin: KafkaAdmin;

  openClients((clients) => ({ admin, template } = clients), kafka);

  /** A container of three levels of a new topic, with so many records in each. */
  async function levelsOf(records: readonly number[], own: Partial<PriorityContainerProperties>) {
    const [topic, groupId] = [uniqueName('priority'), uniqueName('group')];
    const topics = records.map((_, level) => `${topic}-${level}`);
    await admin.createTopics(
      [...topics, ...topics.map((name) => `${name}-dlt`)].map((name) => ({ topic: name, partitions: 2 })),
    );
    const fill = async (level: number, count: number): Promise<void> => {
      const sends = Array.from({ length: count }, (_, i) =>
        template.send(`${topic}-${level}`, String(i), { partition: i % 2 }),
      );
      await Promise.all(sends);
    };
    await Promise.all(records.map((count, level) => fill(level, count)));
    const container = new PriorityListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' }),
      { topics: [topic], levels: records.length, ordering: 'none', ...own },
      { logger: silentLogger },
    );
    const committed = (level: number, count: number): Promise<unknown> =>
      awaitCommitted(
        { admin, groupId: `${groupId}-${level}` },
        [0, 1].map((partition) => ({ topic: `${topic}-${level}`, partition, offset: count / 2 })),
      );
    return { container, topic, fill, committed };
  }

  it('starts an urgent record next, however many others were there before', async () => {
    const order = new Recorder<LevelName>();
    let hold = true;
    const { container, fill, committed } = await levelsOf([2_000, 0, 0], {
      capacity: 4,
      listener: async (_record, _context, level) => {
        order.record(level);
        while (hold) await turn();
        await turn();
      },
    });
    await container.start();
    while (order.items.length < 4) await turn();
    await fill(2, 2);
    while (!container.level(2).isReady) await turn();
    const before = order.items.length;
    hold = false;
    await order.first(({ priority }) => priority === 2);
    const place = order.items.findIndex(({ priority }) => priority === 2) - before;
    assert.ok(place <= 1, `${place} others were started first`);
    await committed(0, 2_000);
    await committed(2, 2);
    await container.stop();
  });

  it('shares by weight to the record while all levels are behind', async () => {
    const order: number[] = [];
    let hold = true;
    const { container, committed } = await levelsOf([2_000, 2_000, 2_000], {
      capacity: 7,
      buffer: { records: 6_000 },
      listener: async (_record, _context, { priority }) => {
        order.push(priority);
        while (hold) await turn();
        await turn();
      },
    });
    await container.start();
    // Enough of each is here, so that none has to be fetched while it is counted.
    while (!container.metrics().levels.every(({ queued }) => queued > 1_000)) await turn();
    const before = order.length;
    hold = false;
    for (const level of [0, 1, 2]) await committed(level, 2_000);
    await container.stop();
    const starts = [0, 1, 2].map((level) => order.slice(before, before + 1_400).filter((of) => of === level).length);
    assert.ok(
      [200, 400, 800].every((due, level) => Math.abs(starts[level]! - due) <= 7),
      `${starts.join(', ')} of 1 400`,
    );
  });

  it('goes on with the other levels when the topic of one is deleted, and when its listeners hang', async () => {
    const seen = new Recorder<number>();
    const hanging = new Recorder<AbortSignal>();
    const { container, topic, fill, committed } = await levelsOf([10, 10, 10], {
      capacity: 4,
      levels: [{ maxSlots: 2 }, {}, {}],
      shutdownTimeoutMs: 100,
      listener: ({ value }, { signal }, { priority }) => {
        seen.record(priority);
        if (priority !== 0 || value?.toString() === '0') return undefined;
        hanging.record(signal);
        return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    await container.start();
    while (hanging.items.length < 2) await turn();
    await committed(1, 10);
    await committed(2, 10);
    await admin.deleteTopics([`${topic}-1`]);
    await fill(2, 40);
    await committed(2, 50);
    assert.equal(container.state, 'running');
    const report = await container.stop();
    assert.equal(report.drained, false);
  });

  it("puts a level's dead letters into its own topic", async () => {
    const { container, topic, committed } = await levelsOf([2, 0, 2], {
      errorHandler: new DefaultErrorHandler({
        backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }),
        recoverer: new DeadLetterPublishingRecoverer(template),
      }),
      listener: ({ value }) => {
        if (value?.toString() === '1') throw new RangeError('no such customer');
      },
    });
    await container.start();
    await committed(0, 2);
    await committed(2, 2);
    await container.stop();
    for (const level of [0, 2]) {
      const [letter] = await readTopic(bootstrapServers(), `${topic}-${level}-dlt`, 1);
      assert.equal(letter?.value?.toString(), '1');
    }
  });
});
