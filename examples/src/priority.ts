import { randomUUID } from 'node:crypto';
import {
  createPriorityTopics,
  PriorityKafkaTemplate,
  PriorityListenerContainer,
  type DispatchPolicyFactory,
} from '@hearken/priority';
import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, json, KafkaAdmin } from 'hearken';
import { kafka, type Order } from './setting.js';

const orders = `example-priority-${randomUUID()}`;
const levels = ['bulk', 'normal', 'urgent'] as const;
const admin = new KafkaAdmin(kafka);
const topics = await createPriorityTopics(admin, orders, levels, { partitions: 4 });
const template = new PriorityKafkaTemplate(new DefaultKafkaProducerFactory(kafka), {
  levels,
  valueSerde: json<Order>(),
});
const sends = levels.flatMap((level) =>
  Array.from({ length: 100 }, (_, i) =>
    template.send(orders, level, { id: `${level}-${i}`, customer: `customer-${i}`, total: i }, { key: `${i}` }),
  ),
);
await Promise.all(sends);
const billed: string[] = [];
const bill = async ({ id }: Order): Promise<void> => {
  await Promise.resolve();
  billed.push(id);
};

// docs:begin priority-listen
const container = new PriorityListenerContainer(
  new DefaultKafkaConsumerFactory(kafka, { groupId: `${orders}-billing`, autoOffsetReset: 'earliest' }),
  {
    topics: [orders],
    levels, // the same as the template's
    capacity: 50, // listeners at once, over all levels
    ordering: 'key',
    valueSerde: json<Order>(),
    listener: async (record, context, level) => {
      context.logger.debug({ level: level.name, id: record.value.id }, 'billing');
      await bill(record.value);
    },
  },
);
container.on('level:starved', ({ name, waitedMs }) => console.warn(`${name} has waited for ${waitedMs} ms`));
await container.start();
// docs:end priority-listen

while (container.metrics().levels.some(({ processed }) => processed < 100)) await new Promise(setImmediate);

// docs:begin priority-change
container.capacity = 80; // more start at once; of less, those above it end first
container.updatePolicy({ weights: [1, 1, 8] }); // from the next dispatch on
container.level('bulk').pause(); // nothing of it starts; what it has polled is kept
container.setPolicy('strict', { starvation: 'allow' });
const why = container.explain(); // the last dispatch: its level, which others could have started, and the policy's reason
const { waitsFor } = container.explain('bulk'); // [{ code: 'level-paused', message: "paused until level('bulk').resume()" }, …]
container.level('bulk').resume();
// docs:end priority-change
console.log(`${billed.length} billed, the last one of ${why?.name ?? 'no level'}; bulk waits for ${waitsFor[0]?.code}`);

// docs:begin priority-policy
/** Levels take turns. */
const roundRobin: DispatchPolicyFactory = ({ weights }) => {
  let last = 0;
  return {
    name: 'round-robin',
    next: (ready) => {
      let level = last;
      do level = (level + 1) % weights.length;
      while (((ready >>> level) & 1) === 0);
      return level;
    },
    started: (level) => void (last = level),
  };
};
container.setPolicy(roundRobin);
// docs:end priority-policy
console.log(container.snapshot().policy.name);

await container.stop();
await template.close();
await admin.deleteTopics(topics.map(({ topic }) => topic));
await admin.close();
