import assert from 'node:assert/strict';
import {
  createPriorityTopics,
  partitionBuckets,
  PlacedNaming,
  PriorityKafkaTemplate,
  PriorityListenerContainer,
  SuffixNaming,
  type PriorityNaming,
} from '@hearken/priority';
import { Recorder } from '@hearken/testing';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  silentLogger,
  type AssignorName,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { until } from '../support/until.js';

const LEVELS = ['bulk', 'normal', 'urgent'] as const;

/** What a level may be, each for a topic of that name. */
const NAMINGS: Readonly<Record<string, (topic: string) => PriorityNaming>> = {
  'topics with suffixes': () => new SuffixNaming('.level-'),
  'topics with names of their own': (topic) =>
    new PlacedNaming({ [topic]: [`${topic}-nightly`, `${topic}-web`, `${topic}-payments`] }),
  'partitions of one topic': (topic) => new PlacedNaming({ [topic]: partitionBuckets(`${topic}-all`, [1, 2, 3]) }),
};

describeWithKafka('a level, whatever it is, is read from where it is written', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'priority-places' });

  for (const [what, namingOf] of Object.entries(NAMINGS)) {
    it(what, async () => {
      const [topic, groupId] = [uniqueName('jobs'), uniqueName('group')];
      const naming = namingOf(topic);
      await using admin = new KafkaAdmin(kafka());
      await createPriorityTopics(admin, topic, LEVELS, {
        naming,
        ...(what.startsWith('part') ? {} : { partitions: 3 }),
      });

      await using template = new PriorityKafkaTemplate(new DefaultKafkaProducerFactory(kafka()), {
        levels: LEVELS,
        naming,
        valueSerde: json<{ level: string; id: number }>(),
      });
      const received = new Recorder<string>();
      await using container = new PriorityListenerContainer(
        new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' }),
        {
          topics: [topic],
          levels: LEVELS,
          naming,
          valueSerde: json<{ level: string; id: number }>(),
          listener: ({ value }, _context, { name }) => received.record(`${name}: ${value.level} ${value.id}`),
        },
      );
      await container.start();
      const sent = Array.from({ length: 30 }, (_, id) => {
        const level = LEVELS[id % LEVELS.length] ?? 'bulk';
        return template.send(topic, level, { level, id }, id % 2 === 0 ? { key: `k-${id}` } : {});
      });
      await Promise.all(sent);
      await received.received(sent.length);
      await container.stop();
      const expected = sent.map((_, id) => `${LEVELS[id % 3]}: ${LEVELS[id % 3]} ${id}`);
      assert.deepEqual(received.items.toSorted(), expected.toSorted());

      const committed = await Promise.all(
        LEVELS.map((_, level) => admin.committedOffsets(naming.group(groupId, level))),
      );
      const perLevel = committed.map((offsets) => offsets.reduce((sum, { offset }) => sum + offset, 0));
      assert.deepEqual(perLevel, [10, 10, 10]);
    });
  }
});

interface Job {
  readonly id: string;
}

type Jobs = PriorityListenerContainer<Buffer | null, Job, (typeof TWO)[number]>;

const TWO = ['bulk', 'urgent'] as const;
const PER_ROUND = 120;

describeWithKafka('processes that share levels in partitions of one topic', function () {
  this.timeout(120_000);
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'priority-places', logger: silentLogger });

  /** Partitions 0 and 1 of six are bulk, the others urgent. */
  async function setup(partitionAssignors?: readonly AssignorName[]) {
    const [topic, groupId] = [uniqueName('jobs'), uniqueName('group')];
    await using admin = new KafkaAdmin(kafka());
    await admin.createTopics([{ topic, partitions: 6 }]);
    const heard = new Recorder<string>();
    const newContainer = (sizes: readonly number[] = [2, 4]): Jobs =>
      new PriorityListenerContainer<Buffer | null, Job, (typeof TWO)[number]>(
        new DefaultKafkaConsumerFactory(kafka(), {
          groupId,
          autoOffsetReset: 'earliest',
          heartbeatIntervalMs: 50,
          ...(partitionAssignors && { partitionAssignors }),
        }),
        {
          topics: ['jobs'],
          levels: TWO,
          naming: new PlacedNaming({ jobs: partitionBuckets(topic, sizes) }),
          valueSerde: json<Job>(),
          listener: ({ value, partition }, _context, { name }) => heard.record(`${name} ${partition} ${value.id}`),
        },
        { logger: silentLogger },
      );
    const template = new PriorityKafkaTemplate(new DefaultKafkaProducerFactory(kafka()), {
      levels: TWO,
      naming: new PlacedNaming({ jobs: partitionBuckets(topic, [2, 4]) }),
      valueSerde: json<Job>(),
    });
    /** What listeners should hear of what is sent now. */
    const send = (round: string): Promise<string[]> =>
      Promise.all(
        Array.from({ length: PER_ROUND }, async (_, i) => {
          const level = TWO[i % 2] ?? 'bulk';
          const id = `${round}-${i}`;
          const { metadata } = await template.send('jobs', level, { id }, { key: `k-${i % 40}` });
          return `${level} ${metadata.partition} ${id}`;
        }),
      );
    return { topic, groupId, heard, newContainer, send, [Symbol.asyncDispose]: () => template.close() };
  }

  for (const assignors of [undefined, ['range'], ['round-robin']] as const) {
    it(`share each level, hear all once, and take over: ${assignors?.join() ?? 'as a container has it'}`, async () => {
      await using bundle = await setup(assignors);
      const { heard, newContainer, send, groupId, topic } = bundle;
      await using first = newContainer();
      await using second = newContainer();
      await Promise.all([first.start(), second.start()]);
      await until('each has half of each level', () => [first, second].every((each) => sizes(each) === '1,2'));
      assert.deepEqual(read(first, second), [[0, 1], [2, 3, 4, 5]]); // prettier-ignore
      const sent = await send('both');
      await heard.received(sent.length);

      const [more] = await Promise.all([send('one goes'), first.stop()]);
      await until('the other has all', () => sizes(second) === '2,4');
      sent.push(...more, ...(await send('one is left')));
      await until('all are heard', () => heard.items.length >= sent.length);
      await second.stop();
      assert.deepEqual(heard.items.toSorted(), sent.toSorted());

      await using admin = new KafkaAdmin(kafka());
      for (const [level, partitions] of [
        [0, 1],
        [2, 3, 4, 5],
      ].entries()) {
        const committed = await admin.committedOffsets(`${groupId}-${level}`, [topic]);
        assert.deepEqual(committed.map(({ partition }) => partition).toSorted(), partitions);
        const perLevel = committed.reduce((sum, { offset }) => sum + offset, 0);
        assert.equal(perLevel, (3 * PER_ROUND) / 2);
      }
    });
  }

  it('refuse one that cuts the topic elsewhere', async () => {
    await using bundle = await setup();
    const { newContainer } = bundle;
    await using first = newContainer();
    await first.start();
    await using other = newContainer([3, 3]);
    await assert.rejects(other.start(), (error: Error) => {
      assert.equal(codeOf(error.cause), 'INCONSISTENT_GROUP_PROTOCOL');
      assert.match(String(error.cause), /have to share out the same partitions of the same topics/);
      return true;
    });
    assert.equal(sizes(first), '2,4');
  });
});

/** How many partitions of each level the container reads. */
const sizes = ({ levels }: Jobs): string => levels.map(({ container }) => container.assignment().length).join();

/** What they read, by level. */
const read = (...containers: readonly Jobs[]): number[][] =>
  TWO.map((_, level) =>
    containers
      .flatMap(({ levels }) => levels[level]?.container.assignment() ?? [])
      .map(({ partition }) => partition)
      .toSorted(),
  );
