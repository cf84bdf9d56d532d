import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { Recorder } from '@hearken/testing';
import { GroupReader } from '../support/group-reader.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { until } from '../support/until.js';

const PARTITIONS = 6;

/** A consumer of kafkajs as applications have it: it commits what it has handled. */
class KafkajsReader {
  readonly read = new Recorder<string>();
  readonly #consumer: kafkajs.Consumer;
  #assignment: readonly number[] = [];
  #isLeader = false;

  constructor(groupId: string) {
    const kafka = new kafkajs.Kafka({
      brokers: bootstrapServers(),
      clientId: 'old',
      logLevel: kafkajs.logLevel.NOTHING,
    });
    this.#consumer = kafka.consumer({ groupId, heartbeatInterval: 100, maxWaitTimeInMs: 50 });
  }

  async start(topic: string): Promise<void> {
    const { GROUP_JOIN } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#assignment = payload.memberAssignment[topic] ?? [];
      this.#isLeader = payload.isLeader;
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
    await this.#consumer.run({
      partitionsConsumedConcurrently: PARTITIONS,
      eachMessage: ({ partition, message }) => {
        this.read.record(`${partition}@${message.offset}`);
        return Promise.resolve();
      },
    });
  }

  get assignment(): readonly number[] {
    return this.#assignment;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  close(): Promise<void> {
    return this.#consumer.disconnect();
  }
}

describeWithKafka('a group of kafkajs and Hearken', function () {
  this.timeout(300_000);
  let peer: KafkajsPeer;
  before(async () => (peer = await KafkajsPeer.connect(bootstrapServers())));
  after(() => peer.close());

  let groupId: string;
  let topic: string;
  const members = new Set<GroupReader | KafkajsReader>();
  beforeEach(async () => {
    groupId = uniqueName('group');
    topic = await peer.createTopic(PARTITIONS);
  });
  afterEach(async () => {
    await Promise.all([...members].map((member) => member.close()));
    members.clear();
  });
  const openKafkajs = async (): Promise<KafkajsReader> => {
    const reader = new KafkajsReader(groupId);
    members.add(reader);
    await reader.start(topic);
    return reader;
  };
  const openOurs = async (): Promise<GroupReader> => {
    const reader = new GroupReader({ groupId, partitionAssignors: ['kafkajs-round-robin', 'range'] });
    reader.whenRevoked = (partitions) => reader.commitPositions(partitions);
    members.add(reader);
    await reader.read([topic]);
    return reader;
  };
  const close = (member: GroupReader | KafkajsReader): Promise<void> => {
    members.delete(member);
    return member.close();
  };
  const fill = (): Promise<unknown> =>
    Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => peer.fill(topic, partition, 10)));
  const ownedBy = (member: GroupReader | KafkajsReader): readonly number[] =>
    member instanceof GroupReader ? member.consumer.assignment().map(({ partition }) => partition) : member.assignment;
  const share = (...all: readonly (GroupReader | KafkajsReader)[]): Promise<unknown> =>
    until('all share the partitions evenly', () => {
      const owned = all.map(ownedBy);
      return (
        owned.every(({ length }) => length === PARTITIONS / all.length) && new Set(owned.flat()).size === PARTITIONS
      );
    });
  const readBy = (member: GroupReader | KafkajsReader): readonly string[] =>
    member instanceof GroupReader
      ? member.records.items.map(({ partition, offset }) => `${partition}@${offset}`)
      : member.read.items;

  it('is shared evenly when a consumer of kafkajs leads', async () => {
    const old = await openKafkajs();
    await share(old);
    const ours = await openOurs();
    await share(old, ours);
    assert.equal(old.isLeader, true);
    await fill();
    await Promise.all([old.read.received(30), ours.records.received(30)]);
  });

  it('is shared evenly when one of ours leads', async () => {
    const ours = await openOurs();
    await share(ours);
    const old = await openKafkajs();
    await share(ours, old);
    assert.equal(old.isLeader, false);
    await fill();
    await Promise.all([old.read.received(30), ours.records.received(30)]);
  });

  it('goes over from kafkajs to ours member by member, and loses nothing', async () => {
    const all: (GroupReader | KafkajsReader)[] = [await openKafkajs(), await openKafkajs()];
    let [first, second] = all as [GroupReader | KafkajsReader, GroupReader | KafkajsReader];
    await share(first, second);
    for (let turn = 0; turn < 2; turn++) {
      await fill();
      const before = first;
      await close(before);
      const next = await openOurs();
      all.push(next);
      [first, second] = [second, next];
      await share(first, second);
    }
    await fill();
    await until('every record was read', () => new Set(all.flatMap(readBy)).size === PARTITIONS * 30);
  });
});
