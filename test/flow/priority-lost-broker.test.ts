import assert from 'node:assert/strict';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { PriorityListenerContainer } from '@hearken/priority';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  silentLogger,
} from 'hearken';
import { until } from '../support/until.js';

const LEVELS = [0, 1, 2];
/** Has the partitions and the group of level 1, and nothing else. */
const LOST = 2;
const GROUP = 'jobs';

describe('a priority container that loses the broker of one level', () => {
  it('goes on with the others, stops nothing, and goes on with that one when it is back', async () => {
    await using kafka = await EmbeddedKafka.start({
      brokers: 2,
      topics: LEVELS.map((level) => `jobs-${level}:2`),
      logger: silentLogger,
    });
    for (const level of LEVELS) {
      const node = level === 1 ? LOST : 1;
      for (const partition of [0, 1]) await kafka.faults.partition(`jobs-${level}`, partition).moveLeader(node);
      await kafka.faults.group(`${GROUP}-${level}`).moveCoordinator(node);
    }
    const client = { brokers: kafka.brokers, logger: silentLogger };
    await using admin = new KafkaAdmin({ ...client, clientId: 'admin' });
    await using template = new KafkaTemplate(new DefaultKafkaProducerFactory({ ...client, clientId: 'sender' }));
    const heard = new Recorder<string>();
    await using container = new PriorityListenerContainer(
      new DefaultKafkaConsumerFactory(
        { ...client, clientId: 'jobs' },
        { groupId: GROUP, autoOffsetReset: 'earliest', requestTimeoutMs: 500, fetchMaxWaitMs: 100 },
      ),
      {
        topics: ['jobs'],
        levels: LEVELS.length,
        capacity: 4,
        commitIntervalMs: 1,
        listener: ({ partition, offset }, _context, { name }) => heard.record(`${name}/${partition}@${offset}`),
      },
      { logger: silentLogger },
    );
    const send = (level: number, count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, i) => template.send(`jobs-${level}`, String(i), { partition: i % 2 })),
      );
    const committed = (level: number, offset: number): Promise<unknown> =>
      awaitCommitted(
        { admin, groupId: `${GROUP}-${level}` },
        [0, 1].map((partition) => ({ topic: `jobs-${level}`, partition, offset })),
      );
    for (const level of LEVELS) await send(level, 20);
    await container.start();
    for (const level of LEVELS) await committed(level, 10);

    await kafka.faults.broker(LOST).pause();
    for (const level of [0, 2]) await send(level, 200);
    await heard.received(60 + 400);
    await until('the others commit', () => [0, 2].every((level) => hasCommitted(container, level, 110)));
    assert.deepEqual([container.state, container.metrics().levels[1]?.processed], ['running', 20]);

    await kafka.faults.broker(LOST).resume();
    await send(1, 20);
    await committed(1, 20);
    assert.equal(container.state, 'running');
    await container.stop();
    const once = LEVELS.flatMap((level) =>
      [0, 1].flatMap((partition) =>
        Array.from({ length: level === 1 ? 20 : 110 }, (_, offset) => `${level}/${partition}@${offset}`),
      ),
    );
    assert.deepEqual(heard.items.toSorted(), once.toSorted());
  });
});

const hasCommitted = (container: PriorityListenerContainer, level: number, offset: number): boolean =>
  container
    .level(level)
    .container.snapshot()
    .partitions.every(({ committed }) => committed === offset);
