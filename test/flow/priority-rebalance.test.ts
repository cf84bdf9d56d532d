import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { createPriorityTopics, PriorityListenerContainer } from '@hearken/priority';
import { DefaultKafkaConsumerFactory, json, KafkaAdmin, silentLogger } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders, type NumberedOrder } from '../support/numbered-orders.js';
import { until } from '../support/until.js';

const LEVELS = [0, 1, 2];
const PARTITIONS = 6;
const KEYS = 120;
const ROUNDS = 3;
const PER_ROUND = 400;
/** For each level when shares are counted: more than half of it is more than any level's part of those. */
const AT_LAST = 1_600;
const COUNTED = 700;

type Container = PriorityListenerContainer<Buffer | null, NumberedOrder>;

interface Member {
  readonly container: Container;
  /** Levels in the order in which its records started. */
  readonly order: number[];
}

describeWithKafka('priority containers that share their groups', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  /** By level. */
  let orders: readonly NumberedOrders[] = [];
  before(() => (admin = new KafkaAdmin({ brokers: bootstrapServers(), clientId: 'flow' })));
  after(() => Promise.all([admin.close(), ...orders.map((each) => each[Symbol.asyncDispose]())]));

  it('lose nothing in rebalances under load, keep the order of each level, and each its shares', async () => {
    const [topic, groupId] = [uniqueName('priority'), uniqueName('group')];
    await createPriorityTopics(admin, topic, LEVELS.length, { partitions: PARTITIONS });
    orders = LEVELS.map((level) => new NumberedOrders(`${topic}-${level}`, KEYS));
    const send = (count: number): Promise<unknown> => Promise.all(orders.map((each) => each.send(count)));
    const all: Member[] = [];
    let aborted = 0;

    const join = async (): Promise<Member> => {
      const order: number[] = [];
      const container: Container = new PriorityListenerContainer<Buffer | null, NumberedOrder>(
        new DefaultKafkaConsumerFactory(
          { brokers: bootstrapServers(), clientId: 'flow', logger: silentLogger },
          { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 50 },
        ),
        {
          topics: [topic],
          levels: LEVELS.length,
          capacity: 7,
          ordering: 'key',
          valueSerde: json<NumberedOrder>(),
          listener: async (record, context, { priority }) => {
            order.push(priority);
            orders[priority]?.saw(record);
            await turn();
            if (context.signal.aborted) aborted++;
          },
        },
        { logger: silentLogger },
      );
      const member = { container, order };
      all.push(member);
      await container.start();
      return member;
    };

    let members: readonly Member[] = await Promise.all([join(), join()]);
    for (let round = 0; round < ROUNDS; round++) {
      const sending = send(PER_ROUND);
      const [goes, ...stay] = members;
      const [comes] = await Promise.all([join(), goes?.container.stop()]); // in any order, as it happens
      await sending;
      members = [...stay, comes];
    }
    await until('all are heard', () => orders.every((each) => each.allSeen));
    await until('each has half of every level', () => members.every(({ container }) => hasHalf(container)));

    for (const { container } of members) for (const level of container.levels) level.pause();
    await send(AT_LAST);
    await until('each has enough of every level', () => members.every(({ container }) => hasEnough(container)));
    const from = members.map(({ container, order }) => {
      for (const level of container.levels.toReversed()) level.resume();
      return order.length; // the first few are of the level that was resumed first
    });
    await until('all are heard', () => orders.every((each) => each.allSeen));
    await Promise.all(members.map(({ container }) => container.stop()));

    members.forEach(({ order }, i) => {
      const counted = order.slice(from[i], (from[i] ?? 0) + COUNTED);
      const counts = LEVELS.map((level) => counted.filter((each) => each === level).length);
      LEVELS.forEach((level) =>
        assert.ok(Math.abs((counts[level] ?? 0) - (COUNTED * 2 ** level) / 7) <= 10, counts.join()),
      );
    });
    assert.deepEqual(
      orders.flatMap(({ violations }) => violations),
      [],
    );
    assert.deepEqual(
      [aborted, ...orders.map(({ duplicates }) => duplicates)],
      [0, 0, 0, 0],
      'all had the time to drain',
    );
    for (const level of LEVELS) {
      const committed = await admin.committedOffsets(`${groupId}-${level}`, [`${topic}-${level}`]);
      assert.equal(
        committed.reduce((sum, { offset }) => sum + offset, 0),
        ROUNDS * PER_ROUND + AT_LAST,
      );
    }
    for (const { container } of all) {
      assert.equal(container.state, 'stopped');
      for (const { polled, processed, abandoned } of container.metrics().levels)
        assert.equal(polled, processed + abandoned);
    }
  });
});

const hasHalf = ({ levels }: Container): boolean =>
  levels.every(({ container }) => container.assignment().length === PARTITIONS / 2);

/** More records at hand than may be counted: nothing has to be fetched meanwhile. */
const hasEnough = (container: Container): boolean =>
  container.metrics().levels.every(({ priority, queued }) => queued >= (COUNTED * 2 ** priority) / 7 + 50);
