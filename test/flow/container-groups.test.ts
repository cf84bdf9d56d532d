import assert from 'node:assert/strict';
import { Recorder } from '@hearken/testing';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  json,
  MessageListenerContainer,
  silentLogger,
  type ConsumerOptions,
  type KafkaAdmin,
  type RecordContainerProperties,
} from 'hearken';
import kafkajs from 'kafkajs';
import { GroupReader } from '../support/group-reader.js';
import { JavaGroup } from '../support/java-group.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders, type NumberedOrder } from '../support/numbered-orders.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

type Container = MessageListenerContainer<Buffer | null, NumberedOrder>;

const PARTITIONS = 4;

/** As names in its package. Such a member is eager, and the group uses what all name. */
const JAVAS_DEFAULT = 'RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor';

describeWithKafka('listener containers and other members of their group', function () {
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

  const container = (
    options: ConsumerOptions = {},
    properties: Pick<RecordContainerProperties<Buffer | null, NumberedOrder>, 'listener'> = {
      listener: () => undefined,
    },
  ): Container => {
    const made = new MessageListenerContainer<Buffer | null, NumberedOrder>(
      new DefaultKafkaConsumerFactory(
        { brokers: bootstrapServers(), clientId: 'flow', logger: silentLogger },
        { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, ...options },
      ),
      { topics: [topic], valueSerde: json<NumberedOrder>(), ...properties },
      { logger: silentLogger },
    );
    containers.add(made);
    return made;
  };
  const assignor = async (): Promise<string | undefined> => (await admin.describeGroups([groupId]))[0]?.protocol;
  /** Kafka describes what is written down of a group, a little behind what it answers to members. */
  const uses = (name: string): Promise<true> =>
    until(`the group is known to use ${name}`, async () => (await assignor()) === name);
  /** Each is refused, and once Kafka tells what the group uses, so does the error. Resolves with the container that was told. */
  const toldOnce = (hint: RegExp): Promise<Container> =>
    until(`the error says ${String(hint)}`, async () => {
      const stranger = container();
      const error: unknown = await stranger.start().catch((failure: unknown) => failure);
      assert.equal(codeOf(error), 'INCONSISTENT_GROUP_PROTOCOL');
      return hint.test((error as Error).message) && stranger;
    });

  it('are cooperative unless their factory says otherwise', async () => {
    const members = [container(), container()];
    for (const member of members) await member.start();
    await until('both share', () => members.every((each) => each.assignment().length === PARTITIONS / 2));
    await uses('cooperative-sticky');
    await Promise.all(members.map((each) => each.stop()));
    await container({ partitionAssignors: ['round-robin'] }).start();
    await uses('roundrobin');
  });

  it('are told what to set where the group is one of an eager consumer, and then share with it', async () => {
    const reader = new GroupReader({ groupId });
    await reader.read([topic]);
    await reader.owns(PARTITIONS);
    const stranger = await toldOnce(/uses the assignor 'range' .* set partitionAssignors: \['range'\]/);
    assert.equal(stranger.state, 'failed');
    const member = container({ partitionAssignors: ['range'] });
    await member.start();
    await until('both share', () => member.assignment().length === 2 && reader.consumer.assignment().length === 2);
    await reader.close();
  });

  it('are told what to set where the group is one of kafkajs', async () => {
    const kafka = new kafkajs.Kafka({ brokers: bootstrapServers(), logLevel: kafkajs.logLevel.NOTHING });
    const old = kafka.consumer({ groupId, heartbeatInterval: 100, maxWaitTimeInMs: 50 });
    const joined = new Promise((resolve) => old.on(old.events.GROUP_JOIN, resolve));
    await old.connect();
    await old.subscribe({ topics: [topic] });
    await old.run({ eachMessage: () => Promise.resolve() });
    await joined;
    await toldOnce(/set partitionAssignors: \['kafkajs-round-robin'\]/);
    const member = container({ partitionAssignors: ['kafkajs-round-robin', 'cooperative-sticky'] });
    await member.start();
    await until('both share', () => member.assignment().length === 2);
    await old.disconnect();
  });

  it('join a group of Java that sets nothing, too, and hand partitions over in both directions', async () => {
    await using java = await JavaGroup.start(bootstrapServers());
    await using orders = new NumberedOrders(topic, 40);
    const old = java.join(groupId, JAVAS_DEFAULT, [topic]);
    await until('Java has all', () => old.owned.length === PARTITIONS);
    const members = [
      container({}, { listener: orders.saw.bind(orders) }),
      container({}, { listener: orders.saw.bind(orders) }),
    ];
    const sizes = (): number[] => [...members.map((each) => each.assignment().length), old.owned.length];
    for (const member of members) await member.start();
    await until('all share', () => sizes().every((size) => size > 0) && sum(sizes()) === PARTITIONS);
    await uses('cooperative-sticky');
    await orders.send(400);
    java.leave(old); // it commits what it read
    await until('ours have all', () => sum(members.map((each) => each.assignment().length)) === PARTITIONS);
    const heard = (): number => sum(members.map((each) => each.metrics().processed)) + old.read.count;
    await until('all are heard', () => heard() >= 400);
    assert.equal(heard(), 400, 'once, by one or the other');
    const another = java.join(groupId, JAVAS_DEFAULT, [topic]);
    await until('it gets its share', () => another.owned.length > 0);
    assert.equal(another.failure, undefined);
  });

  it('take over a group of Java in two rolling restarts, and lose nothing', async () => {
    await using java = await JavaGroup.start(bootstrapServers());
    await using orders = new NumberedOrders(topic, 40);
    const olds = [java.join(groupId, 'RangeAssignor', [topic]), java.join(groupId, 'RangeAssignor', [topic])];
    await until('Java shares', () => olds.every(({ owned }) => owned.length === PARTITIONS / 2));
    const properties = { listener: orders.saw.bind(orders) };
    const both = { partitionAssignors: ['cooperative-sticky', 'range'] } as const;
    const firsts: Container[] = [];
    for (const old of olds) {
      java.leave(old);
      await until('it is gone', () => old.closed);
      const first = container(both, properties);
      await first.start();
      firsts.push(first);
    }
    await orders.send(400);
    await until('ours share', () => firsts.every((each) => each.assignment().length === PARTITIONS / 2));
    const assigned = new Recorder<number>();
    for (const first of firsts) {
      await first.stop();
      const second = container({}, properties);
      second.on('partitions:assigned', ({ partitions }) => assigned.record(partitions.length));
      await second.start();
      await orders.send(400);
    }
    await until('all are heard', () => orders.allSeen);
    await uses('cooperative-sticky');
    assert.deepEqual(orders.violations, []);
    assert.ok(assigned.count > 0);
  });
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
