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
import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, json, KafkaAdmin } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

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
