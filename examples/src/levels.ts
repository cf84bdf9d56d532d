import { randomUUID } from 'node:crypto';
import {
  createPriorityTopics,
  ExponentialQuotaDistributor,
  flipkartRound,
  flipkartState,
  LargestRemainderQuotaDistributor,
  partitionBuckets,
  PlacedNaming,
  PriorityKafkaTemplate,
  PriorityRegistry,
  type QuotaDistributor,
} from '@hearken/priority';
import { DefaultKafkaProducerFactory, json, KafkaAdmin } from 'hearken';
import { kafka, type Order } from './setting.js';

const orders = `example-levels-${randomUUID()}`;
const order: Order = { id: 'o-1', customer: 'customer-7', total: 12 };
const admin = new KafkaAdmin(kafka);
const producerFactory = new DefaultKafkaProducerFactory(kafka);

// docs:begin priority-send
const levels = ['bulk', 'normal', 'urgent'] as const; // the least urgent first: 0, 1, 2
const topics = await createPriorityTopics(admin, orders, levels, { partitions: 12 });

const template = new PriorityKafkaTemplate(producerFactory, { levels, valueSerde: json<Order>() });
const { metadata } = await template.send(orders, 'urgent', order, { key: order.customer });
await template.send(orders, 0, order, { key: order.customer });
await template.send({ topic: orders, priority: 'normal', value: order });
console.log(`urgent: ${metadata.topic}, partition ${metadata.partition}`);
// docs:end priority-send

// docs:begin priority-places
const jobs = `${orders}-jobs`;
const naming = new PlacedNaming({
  mail: [`${orders}-newsletters`, `${orders}-receipts`], // topics that are there already
  jobs: partitionBuckets(jobs, [2, 4]), // partitions 0 and 1 are level 0, partitions 2 to 5 level 1
});
const placed = new PriorityKafkaTemplate(producerFactory, { levels: 2, naming });
// docs:end priority-places
await createPriorityTopics(admin, 'mail', 2, { naming });
await createPriorityTopics(admin, 'jobs', 2, { naming });
const job = await placed.send('jobs', 1, 'resize', { key: 'image-1' });

// docs:begin priority-registry
const registry = new PriorityRegistry({ topics: ['mail', 'jobs'], levels: 2, naming });
registry.resolve({ topic: jobs, partition: 5 }); // { topic: 'jobs', priority: 1 }
registry.resolve({ topic: 'jobs-1', partition: 0 }); // undefined: nobody registered it
// docs:end priority-registry
console.log(registry.resolve(job.metadata));

// docs:begin priority-quotas
new ExponentialQuotaDistributor().distribution(3, 50); // 0 → 7, 1 → 14, 2 → 29
new LargestRemainderQuotaDistributor([1, 2, 7]).distribution(3, 50); // 0 → 5, 1 → 10, 2 → 35

/** A record each for all but the highest level. */
const mostForTheHighest: QuotaDistributor = {
  distribution: (maxPriority, capacity) =>
    new Map(
      Array.from({ length: maxPriority }, (_, level) => [
        level,
        level === maxPriority - 1 ? capacity - maxPriority + 1 : 1,
      ]),
    ),
};
// docs:end priority-quotas
console.log(mostForTheHighest.distribution(3, 50));

// docs:begin priority-flipkart
let state = flipkartState([7, 14, 29]); // quotas; windows of 6 polls, 4 of them full
for (let poll = 1; poll <= 6; poll++) {
  const { limits, counts, next } = flipkartRound(state, [1000, 0, 0]); // only level 0 has records
  console.log(`poll ${poll}: may take ${limits.join(', ')}, takes ${counts.join(', ')}`);
  state = next; // from poll 5 on level 0 may take 50
}
// docs:end priority-flipkart

await template.close();
await placed.close();
await admin.deleteTopics([...topics.map(({ topic }) => topic), `${orders}-newsletters`, `${orders}-receipts`, jobs]);
await admin.close();
