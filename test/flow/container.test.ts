import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  json,
  MessageListenerContainer,
  type ConsumerOptions,
  type KafkaAdmin,
  type ListenerContext,
  type RecordContainerProperties,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders, type NumberedOrder } from '../support/numbered-orders.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

// Brokers begin a member's id with its client's, and assignors go by ids: the second gets the last partition.
const [FIRST, SECOND] = ['flow-1', 'flow-2'];

describeWithKafka('a listener container', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  openClients((clients) => ({ admin } = clients));

  async function aTopic(partitions: number): Promise<string> {
    const topic = uniqueName('container');
    await admin.createTopics([{ topic, partitions }]);
    return topic;
  }

  const container = (
    groupId: string,
    properties: Omit<RecordContainerProperties<Buffer | null, NumberedOrder>, 'valueSerde'>,
    { clientId = 'flow', ...options }: ConsumerOptions & { readonly clientId?: string } = {},
  ): MessageListenerContainer<Buffer | null, NumberedOrder> =>
    new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(
        { brokers: bootstrapServers(), clientId },
        { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, ...options },
      ),
      { valueSerde: json<NumberedOrder>(), ...properties },
    );

  /** What the group committed, over all partitions. */
  const committedCount = async (groupId: string, topic: string): Promise<number> =>
    (await admin.committedOffsets(groupId, [topic])).reduce((sum, { offset }) => sum + offset, 0);

  it('hears what is sent after its start, under latest too, and commits it', async () => {
    const [topic, groupId] = [await aTopic(2), uniqueName('group')];
    await using orders = new NumberedOrders(topic, 4);
    await orders.send(8);
    const heard = new Recorder<number>();
    const listening = container(
      groupId,
      { topics: [topic], listener: ({ value }) => heard.record(value.n) },
      { autoOffsetReset: 'latest' },
    );
    await listening.start();
    await orders.send(8);
    await heard.received(8);
    const report = await listening.stop();
    assert.deepEqual(heard.items.toSorted(), [2, 2, 2, 2, 3, 3, 3, 3]);
    assert.deepEqual([report.drained, report.abandoned], [true, 0]);
    assert.equal(await committedCount(groupId, topic), 16);
  });

  it('keeps the order of each key at concurrency 100, and commits everything', async () => {
    const [topic, groupId] = [await aTopic(12), uniqueName('group')];
    await using orders = new NumberedOrders(topic, 500);
    let running = 0;
    let most = 0;
    const full = deferred();
    const listening = container(groupId, {
      topics: [topic],
      ordering: 'key',
      concurrency: 100,
      listener: async (record) => {
        orders.saw(record);
        most = Math.max(most, ++running);
        if (running === 100) full.resolve();
        await full.promise;
        for (let turns = 0; turns < record.offset % 5; turns++) await turn();
        running--;
      },
    });
    await listening.start();
    await orders.send(20_000);
    await until('all are heard', () => orders.allSeen);
    const report = await listening.stop();
    assert.deepEqual(orders.violations, []);
    assert.equal(orders.duplicates, 0);
    assert.equal(most, 100);
    assert.deepEqual([report.drained, report.abandoned], [true, 0]);
    assert.equal(await committedCount(groupId, topic), 20_000);
    const { polled, processed, abandoned } = listening.metrics();
    assert.deepEqual([polled, processed, abandoned], [20_000, 20_000, 0]);
  });

  it('commits what ended when it is stopped in the middle; the next one goes on from there', async () => {
    const [topic, groupId] = [await aTopic(3), uniqueName('group')];
    await using orders = new NumberedOrders(topic, 30);
    await orders.send(3_000);
    let heard = 0;
    const first = container(groupId, {
      topics: [topic],
      ordering: 'key',
      concurrency: 10,
      listener: async (record, context) => {
        orders.saw(record);
        await turn();
        if (++heard === 1_000) void context.container.stop();
      },
    });
    await first.start();
    await first.finished;
    const { processed, abandoned, polled } = first.metrics();
    assert.equal(polled, processed + abandoned);
    assert.ok(processed >= 1_000 && processed < 2_000, `${processed}`);
    const committed = await committedCount(groupId, topic);
    assert.equal(committed, processed, 'no gap is left');
    const second = container(groupId, {
      topics: [topic],
      ordering: 'key',
      concurrency: 10,
      listener: orders.saw.bind(orders),
    });
    await second.start();
    await until('the rest is heard', () => orders.allSeen);
    await second.stop();
    assert.deepEqual(orders.violations, []);
    assert.equal(second.metrics().processed, 3_000 - committed);
    assert.equal(orders.duplicates, 0);
    assert.equal(await committedCount(groupId, topic), 3_000);
  });

  it('shares partitions between two members and hands them over, nothing lost and in order', async () => {
    const [topic, groupId] = [await aTopic(6), uniqueName('group')];
    await using orders = new NumberedOrders(topic, 200);
    const member = (): MessageListenerContainer<Buffer | null, NumberedOrder> =>
      container(groupId, {
        topics: [topic],
        ordering: 'key',
        concurrency: 20,
        listener: async (record) => {
          orders.saw(record);
          await turn();
        },
      });
    const [first, second] = [member(), member()];
    await first.start();
    const sending = orders.send(10_000);
    await second.start();
    await until('both own partitions', () => first.assignment().length === 3 && second.assignment().length === 3);
    await sending;
    await orders.send(10_000);
    await until('the second hears', () => second.metrics().processed > 0);
    const handover = first.stop();
    await orders.send(10_000);
    await handover;
    await until('all are heard', () => orders.allSeen);
    await second.stop();
    assert.deepEqual(orders.violations, []);
    assert.equal(await committedCount(groupId, topic), 30_000);
    for (const { metrics } of [first, second].map((each) => ({ metrics: each.metrics() }))) {
      assert.equal(metrics.polled, metrics.processed + metrics.abandoned);
      assert.equal(metrics.lateResults, 0);
    }
  });

  for (const assignor of ['range', 'cooperative-sticky'] as const) {
    it(`keeps the key of a listener that outlived its revoke closed, also when the partition comes back (${assignor})`, async () => {
      const [topic, groupId] = [await aTopic(2), uniqueName('group')];
      const options = { partitionAssignors: [assignor] };
      await using orders = new NumberedOrders(topic, 20);
      const slow = deferred();
      const slowed = new Recorder<{ readonly key: string; readonly context: ListenerContext }>();
      const heardOfSlow: number[] = [];
      const first = container(
        groupId,
        {
          topics: [topic],
          ordering: 'key',
          concurrency: 5,
          revokeDrainTimeoutMs: 1,
          listener: async (record, context) => {
            const { key, n } = record.value;
            // Of the partition that the other will get.
            if (record.partition === 1 && (slowed.items[0]?.key ?? key) === key) {
              slowed.record({ key, context });
              if (slowed.count === 1) await slow.promise; // whatever its signal says
              heardOfSlow.push(n);
            }
            orders.saw(record);
          },
        },
        { ...options, clientId: FIRST },
      );
      const second = container(
        groupId,
        { topics: [topic], listener: () => undefined },
        { ...options, clientId: SECOND },
      );
      await first.start();
      await orders.send(40);
      const { key, context } = await slowed.first(() => true);
      const { signal } = context;
      second.pause(); // it only makes the partitions move
      await second.start();
      await until('the other has it', () => second.assignment().some(({ partition }) => partition === 1));
      assert.equal(codeOf(signal.reason), 'PARTITION_REVOKED');
      await second.stop();
      await until('everything came back', () => first.assignment().length === 2);
      await orders.send(40);
      await until('all other keys are heard', () => orders.heardAll((other) => other !== key));
      assert.equal(slowed.count, 1, 'the key waits for its late listener');
      slow.resolve();
      await until('all are heard', () => orders.allSeen);
      await first.stop();
      assert.deepEqual(heardOfSlow, [0, 0, 1, 2, 3]);
      assert.deepEqual(orders.violations, []);
      assert.equal(first.metrics().lateResults, 1);
      assert.equal(await committedCount(groupId, topic), 80);
    });

    it(`drains a slow listener before it gives its partition up: nothing comes twice (${assignor})`, async () => {
      const [topic, groupId] = [await aTopic(2), uniqueName('group')];
      const options = { partitionAssignors: [assignor] };
      await using orders = new NumberedOrders(topic, 20);
      const [slow, reached] = [deferred(), deferred()];
      const signals: AbortSignal[] = [];
      const first = container(
        groupId,
        {
          topics: [topic],
          concurrency: 2,
          listener: async (record, { signal }) => {
            orders.saw(record);
            if (record.partition !== 1 || signals.length > 0) return;
            signals.push(signal);
            reached.resolve();
            await slow.promise;
          },
        },
        { ...options, clientId: FIRST },
      );
      const second = container(
        groupId,
        { topics: [topic], listener: orders.saw.bind(orders) },
        { ...options, clientId: SECOND },
      );
      await first.start();
      await orders.send(200);
      await reached.promise;
      await until('others wait behind it', () => first.metrics().queued > 0);
      const starting = second.start();
      const revoked = new Promise((resolve) => first.on('partitions:revoked', resolve));
      await until('it gives up what waits behind the slow one', () => first.metrics().queued === 0);
      await orders.send(200);
      slow.resolve();
      await revoked;
      await starting;
      await until('all are heard', () => orders.allSeen);
      await Promise.all([first.stop(), second.stop()]);
      assert.deepEqual([signals[0]?.aborted, orders.duplicates, orders.violations], [false, 0, []]);
      assert.equal(await committedCount(groupId, topic), 400);
    });
  }

  const modes: [
    Pick<RecordContainerProperties, 'ackMode' | 'ackCount' | 'ackTimeMs' | 'commitIntervalMs'>,
    when: string,
  ][] = [
    [{ ackMode: 'count', ackCount: 10, commitIntervalMs: 0 }, 'by count'],
    [{ ackMode: 'time', ackTimeMs: 50 }, 'by time'],
    [{ ackMode: 'count-time', ackCount: 1_000, ackTimeMs: 50 }, 'by time, where the count is not reached'],
    [{ ackMode: 'manual-immediate' }, 'at once'],
  ];
  for (const [acks, when] of modes) {
    it(`commits ${when} while it listens (ackMode '${acks.ackMode}')`, async () => {
      const [topic, groupId] = [await aTopic(1), uniqueName('group')];
      await using orders = new NumberedOrders(topic, 1);
      const listening = container(groupId, {
        topics: [topic],
        ...acks,
        listener: (record, context) => {
          orders.saw(record);
          if (acks.ackMode === 'manual-immediate') context.acknowledgment.acknowledge();
        },
      });
      const committed = new Recorder<number>();
      listening.on('offsets:committed', ({ offsets }) => offsets.forEach(({ offset }) => committed.record(offset)));
      await listening.start();
      await orders.send(10);
      await committed.first((offset) => offset === 10); // not by stopping
      assert.equal(await committedCount(groupId, topic), 10);
      await listening.stop();
    });
  }

  it('has a record again that was given back, and the others of its key after it', async () => {
    const [topic, groupId] = [await aTopic(1), uniqueName('group')];
    await using orders = new NumberedOrders(topic, 1);
    await orders.send(20);
    const givenBack = new Set<string>();
    const listening = container(groupId, {
      topics: [topic],
      ordering: 'key',
      concurrency: 10,
      ackMode: 'manual',
      listener: async (record, { acknowledgment }) => {
        await turn();
        const { key, n } = record.value;
        if (n === 1 && !givenBack.has(key)) {
          givenBack.add(key);
          acknowledgment.nack(20);
        } else {
          orders.saw(record);
          acknowledgment.acknowledge();
        }
      },
    });
    await listening.start();
    await until('all are heard', () => orders.allSeen);
    await listening.stop();
    assert.deepEqual(orders.violations, []);
    assert.ok(givenBack.size > 0);
    assert.equal(listening.metrics().nacked, givenBack.size);
    assert.equal(await committedCount(groupId, topic), 20);
  });

  it('takes acknowledgments out of order, and has the rest again', async () => {
    const [topic, groupId] = [await aTopic(1), uniqueName('group')];
    await using orders = new NumberedOrders(topic, 1);
    await orders.send(3);
    const acks = new Recorder<() => void>();
    const first = container(groupId, {
      topics: [topic],
      ackMode: 'manual',
      listener: (_record, { acknowledgment }) => acks.record(() => acknowledgment.acknowledge()),
    });
    await first.start();
    await acks.received(3);
    acks.items[2]?.();
    acks.items[0]?.();
    await first.stop();
    assert.equal(await committedCount(groupId, topic), 1);
    const again = new Recorder<number>();
    const second = container(groupId, { topics: [topic], listener: ({ value }) => again.record(value.n) });
    await second.start();
    await again.received(2);
    await second.stop();
    assert.deepEqual(again.items, [1, 2]);
  });
});
