import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  json,
  MessageListenerContainer,
  silentLogger,
  type ConsumerOptions,
  type ConsumerRecord,
  type KafkaAdmin,
  type ListenerContext,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders, type NumberedOrder } from '../support/numbered-orders.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

type Container = MessageListenerContainer<Buffer | null, NumberedOrder>;
type Listener = (record: ConsumerRecord<unknown, NumberedOrder>, context: ListenerContext) => unknown;

const PARTITIONS = 6;

describeWithKafka('a listener container that is a static member', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  openClients((clients) => ({ admin } = clients));

  let topic: string;
  let groupId: string;
  const containers = new Set<Container>();
  beforeEach(async () => {
    [topic, groupId] = [uniqueName('container'), uniqueName('group')];
    await admin.createTopics([{ topic, partitions: PARTITIONS }]);
  });
  afterEach(async () => {
    await Promise.all([...containers].map((each) => each.stop()));
    containers.clear();
  });

  const start = async (
    groupInstanceId: string,
    listener: Listener,
    options: ConsumerOptions = {},
  ): Promise<Container> => {
    const made = new MessageListenerContainer<Buffer | null, NumberedOrder>(
      new DefaultKafkaConsumerFactory(
        { brokers: bootstrapServers(), clientId: 'flow', logger: silentLogger },
        { groupId, groupInstanceId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, ...options },
      ),
      { topics: [topic], valueSerde: json<NumberedOrder>(), concurrency: PARTITIONS, listener },
      { logger: silentLogger },
    );
    containers.add(made);
    await made.start();
    return made;
  };
  const partitions = (container: Container): number[] =>
    container
      .assignment()
      .map(({ partition }) => partition)
      .toSorted((a, b) => a - b);

  for (const assignor of ['cooperative-sticky', 'range'] as const)
    it(`has its partitions again when it comes back, goes on where it was, and disturbs nobody (${assignor})`, async () => {
      const options = { partitionAssignors: [assignor] };
      await using orders = new NumberedOrders(topic, 60);
      const listener = orders.saw.bind(orders);
      const [one, other] = [await start('one', listener, options), await start('other', listener, options)];
      await until('both share', () => [one, other].every((each) => each.assignment().length === PARTITIONS / 2));
      const [had, others] = [partitions(one), partitions(other)];
      const disturbed: string[] = [];
      for (const name of ['partitions:assigned', 'partitions:revoked', 'partitions:lost'] as const)
        other.on(name, () => void disturbed.push(name));
      for (let member = one, restart = 0; restart < 3; restart++) {
        await orders.send(600);
        await member.stop();
        await orders.send(600); // nobody reads those of its partitions meanwhile
        member = await start('one', listener, options);
        assert.deepEqual(partitions(member), had);
      }
      await until('all are heard', () => orders.allSeen);
      assert.deepEqual([disturbed, partitions(other)], [[], others]);
      assert.deepEqual([orders.violations, orders.duplicates], [[], 0]);
    });

  it('fails when another takes its place: its listeners are told, and the other has all', async () => {
    await using orders = new NumberedOrders(topic, 60);
    const hangs = deferred();
    const signals: AbortSignal[] = [];
    const first = await start('one', async (_, { signal }) => {
      signals.push(signal);
      await hangs.promise;
    });
    const failed = first.finished.catch((error: unknown) => error);
    await orders.send(60);
    await until('its listeners are at work', () => signals.length === PARTITIONS);
    const stops = new Promise((resolve) => first.on('state:changed', ({ next }) => next === 'stopping' && resolve(0)));
    const second = await start('one', orders.saw.bind(orders));
    await stops;
    assert.deepEqual(new Set(signals.map(({ reason }) => codeOf(reason))), new Set(['PARTITION_LOST']));
    await until('all are heard', () => orders.allSeen);
    hangs.resolve();
    const error = await failed;
    assert.equal(codeOf(error), 'FENCED_INSTANCE_ID');
    assert.match((error as Error).message, /give every member one of its own/);
    assert.equal(first.state, 'failed');
    assert.equal(second.assignment().length, PARTITIONS);
    assert.deepEqual(orders.violations, []);
    const { polled, abandoned, processed } = first.metrics();
    assert.deepEqual([polled, processed], [abandoned, 0]);
  });
});
