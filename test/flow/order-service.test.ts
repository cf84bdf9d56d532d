import assert from 'node:assert/strict';
import { KafkaAdmin } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { OrderService } from '../support/order-service.js';
import { until } from '../support/until.js';

// Who gets which partitions does not matter: of these customers' names any two partitions have a dozen or more.
const [BEFORE_THE_STOP, CUSTOMERS, CLIENTS, PARTITIONS] = [30, 40, 10, 4];
const REPLY_TIMEOUT_MS = '60000'; // no claim: a busy machine takes its time
const LEVELS = ['bulk', 'normal', 'urgent'];
/** Of groups and of their topics. */
const WORK: readonly (readonly [group: string, topic: string])[] = [
  ['approvals', 'approvals'],
  ...LEVELS.map((_, level) => [`warehouse-${level}`, `orders-${level}`] as const),
  ['shipping', 'shipments'],
];

describeWithKafka('two processes of the order service', function () {
  this.timeout(300_000);

  // The one that started first leads its groups; who stays keeps its partitions and is given the others'.
  for (const [title, stopped] of [
    ['first', 0],
    ['second', 1],
  ] as const)
    it(`ship every order once though the ${title} is told to stop under load`, async () => {
      const name = uniqueName('order-service');
      const brokers = bootstrapServers();
      await using admin = new KafkaAdmin({ brokers });
      const services: OrderService[] = [];
      try {
        for (let i = 0; i < 2; i++) services.push(await OrderService.start(name, brokers.join(), { REPLY_TIMEOUT_MS }));
        const [leaving, staying] = [services[stopped]!, services[1 - stopped]!];
        await settled(name, admin);
        const shipped = (): string[] => services.flatMap((service) => service.shipped);

        const over = new AbortController();
        const load = post([leaving, staying], over.signal);
        const underLoad = until('it is under load', () => leaving.shipped.length >= BEFORE_THE_STOP);
        await Promise.race([underLoad, load]); // a load that fails ends the test
        assert.deepEqual(await leaving.stop(), { code: 0, last: 'drained' });
        over.abort();
        const ids = await load;
        await workedOff(name, admin); // what the one did not commit has come again to the other one
        assert.deepEqual(await staying.stop(), { code: 0, last: 'drained' });
        assert.deepEqual(shipped().sort(), ids.sort());
      } finally {
        for (const service of services) service.kill();
        await deleteTopics(name, admin);
      }
    });
});

/** Partitions that move without a stop may bring records again: before the load, all have moved. */
async function settled(name: string, admin: KafkaAdmin): Promise<void> {
  const groups = WORK.map(([group]) => `${name}-${group}`);
  await until('each group has two members with half of the partitions', async () =>
    (await admin.describeGroups(groups)).every(
      ({ state, members }) =>
        state === 'Stable' &&
        members.length === 2 &&
        members.every(({ assignment }) => assignment.length === PARTITIONS / 2),
    ),
  );
}

/** What the earlier ones do is work for the later ones, so they are looked at in this order. */
async function workedOff(name: string, admin: KafkaAdmin): Promise<void> {
  for (const [group, topic] of WORK)
    await until(`${group} committed all`, async () => {
      const ends = await admin.offsets(`${name}-${topic}`);
      const committed = await admin.committedOffsets(`${name}-${group}`);
      return ends.every(({ partition, end }) =>
        committed.some((one) => one.partition === partition && one.offset === end),
      );
    });
}

/**
 * By so many clients at once, until the signal aborts: each order at one of the two, or at the other one where it does not get
 * in. Resolves with the ids.
 */
async function post(services: readonly [OrderService, OrderService], signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  const client = async (): Promise<void> => {
    while (!signal.aborted) {
      const i = ids.length;
      const id = `o-${i}`;
      ids.push(id);
      const order = { id, customer: `c-${i % CUSTOMERS}`, address: 'High Street 1', total: 12, level: LEVELS[i % 3] };
      const [one, other] = i % 2 === 0 ? services : services.toReversed();
      assert.equal((await one.post(order)) ?? (await other.post(order)), 202, id);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return ids;
}

async function deleteTopics(name: string, admin: KafkaAdmin): Promise<void> {
  const topics = await admin.listTopics();
  await admin.deleteTopics(topics.filter((topic) => topic.startsWith(name)));
}
