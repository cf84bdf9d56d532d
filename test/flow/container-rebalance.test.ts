import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { deferred } from '@hearken/core/internal';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  json,
  MessageListenerContainer,
  silentLogger,
  type ConsumerOptions,
  type KafkaAdmin,
  type RecordContainerProperties,
  type TopicPartition,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders, type NumberedOrder } from '../support/numbered-orders.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

type Container = MessageListenerContainer<Buffer | null, NumberedOrder>;

const PARTITIONS = 12;

describeWithKafka('listener containers in a cooperative group', function () {
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
    properties: Pick<
      RecordContainerProperties<Buffer | null, NumberedOrder>,
      'listener' | 'concurrency' | 'ordering' | 'errorHandler'
    >,
    options: ConsumerOptions = {},
  ): Container => {
    const made = new MessageListenerContainer<Buffer | null, NumberedOrder>(
      new DefaultKafkaConsumerFactory(
        { brokers: bootstrapServers(), clientId: 'flow' },
        {
          groupId,
          autoOffsetReset: 'earliest',
          heartbeatIntervalMs: 100,
          partitionAssignors: ['cooperative-sticky'],
          ...options,
        },
      ),
      { topics: [topic], valueSerde: json<NumberedOrder>(), ...properties },
      { logger: silentLogger },
    );
    containers.add(made);
    return made;
  };
  const stop = async (one: Container): Promise<void> => {
    containers.delete(one);
    await one.stop();
  };
  const share = (...all: readonly Container[]): Promise<unknown> =>
    until('all share the partitions evenly', () =>
      all.every((each) => each.assignment().length === PARTITIONS / all.length),
    );
  const committedCount = async (): Promise<number> =>
    (await admin.committedOffsets(groupId, [topic])).reduce((sum, { offset }) => sum + offset, 0);

  it('come and go under load: nothing lost, nothing twice, in order, nobody aborted', async () => {
    await using orders = new NumberedOrders(topic, 200);
    let aborted = 0;
    const member = (): Container =>
      container({
        ordering: 'key',
        concurrency: 8,
        listener: async (record, { signal }) => {
          orders.saw(record);
          await turn();
          if (signal.aborted) aborted++;
        },
      });
    const all = [member(), member(), member(), member()] as const;
    const [a, b, c, d] = all;
    await a.start();
    let sending = orders.send(10_000);
    await Promise.all([b.start(), c.start()]);
    await share(a, b, c);
    await sending;
    sending = orders.send(10_000);
    await d.start();
    await share(a, b, c, d);
    await stop(b);
    await sending;
    sending = orders.send(10_000);
    await stop(a);
    await share(c, d);
    await sending;
    await until('all are heard', () => orders.allSeen);
    await Promise.all([stop(c), stop(d)]);
    assert.deepEqual(orders.violations, []);
    assert.deepEqual([aborted, orders.duplicates], [0, 0]);
    assert.equal(await committedCount(), 30_000);
    for (const each of all) {
      const { polled, processed, abandoned, lateResults } = each.metrics();
      assert.equal(polled, processed + abandoned);
      assert.equal(lateResults, 0);
    }
  });

  it('hand over what moves without waiting for a listener of what stays', async () => {
    await using orders = new NumberedOrders(topic, 200);
    const slow = deferred();
    const signals: AbortSignal[] = [];
    let slowPartition: number | undefined;
    const first = container({
      concurrency: PARTITIONS,
      listener: async (record, { signal }) => {
        orders.saw(record);
        if (record.partition !== 0) return; // the lowest of a member stay with it
        slowPartition = record.partition;
        signals.push(signal);
        await slow.promise;
      },
    });
    await orders.send(2_000);
    await first.start();
    await until('the slow one is at work', () => slowPartition !== undefined);
    const epochs = epochsOf(first);
    const second = container({ listener: orders.saw.bind(orders), concurrency: PARTITIONS });
    await second.start();
    await share(first, second);
    await until('all others are heard', () => first.metrics().processed + second.metrics().processed >= 1_500);
    assert.ok(first.assignment().some(({ partition }) => partition === 0));
    for (const at of first.assignment()) assert.equal(epochsOf(first).get(at.partition), epochs.get(at.partition));
    assert.deepEqual([signals.length, signals[0]?.aborted], [1, false]);
    slow.resolve();
    await until('all are heard', () => orders.allSeen);
    await Promise.all([stop(first), stop(second)]);
    assert.deepEqual(orders.violations, []);
    assert.equal(orders.duplicates, 0);
    assert.equal(await committedCount(), 2_000);
  });

  it('have nothing again that ended behind a record that waits, where all comes back at once (eager)', async () => {
    await using orders = new NumberedOrders(topic, 2_000);
    const [calls, failing] = [new Map<string, number>(), new Set<number>()];
    const options: ConsumerOptions = { partitionAssignors: ['range'] };
    const first = container(
      {
        ordering: 'key',
        concurrency: 100,
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 600_000 }) }),
        listener: ({ partition, offset, value: { n } }) => {
          const at = `${partition}@${offset}`;
          calls.set(at, (calls.get(at) ?? 0) + 1);
          if (n > 0 || (failing.has(partition) && offset > 0)) return;
          failing.add(partition);
          throw new Error('not now'); // so nothing of the partition is committed
        },
      },
      options,
    );
    await first.start();
    await orders.send(2_000);
    await until('all are heard', () => calls.size === 2_000);
    assert.equal(failing.size, PARTITIONS);
    const second = container({ listener: () => undefined }, options);
    second.pause(); // it only makes the partitions move
    const { polled } = first.metrics();
    await second.start();
    await share(first, second);
    const kept = new Set(first.assignment().map(({ partition }) => partition));
    const heardOf = [...calls.keys()].filter((at) => kept.has(Number(at.split('@')[0]))).length;
    await until('what is kept was read again', () => first.metrics().polled === polled + heardOf);
    await until('and called again where it failed', () => first.metrics().retried === PARTITIONS + kept.size);
    const again = [...calls].filter(([, times]) => times > 1).map(([at]) => at);
    assert.deepEqual(new Set(again), new Set([...kept].map((partition) => `${partition}@0`)));
    assert.equal(first.metrics().alreadyProcessed, heardOf - kept.size);
    await Promise.all([first.stop({ timeoutMs: 0 }), second.stop()]);
    containers.clear();
    const { processed, alreadyProcessed, abandoned, ...metrics } = first.metrics();
    assert.equal(metrics.polled, processed + alreadyProcessed + abandoned);
  });

  it('tell their observers what came and what went, and no more', async () => {
    const listener = (): void => undefined;
    const [first, second] = [container({ listener }), container({ listener })];
    const seen: string[] = [];
    const note =
      (what: string) =>
      ({ partitions }: { readonly partitions: readonly TopicPartition[] }): void => {
        if (partitions.length > 0) seen.push(`${what} ${partitions.length}`);
      };
    first.on('partitions:assigned', note('assigned'));
    first.on('partitions:revoked', note('revoked'));
    first.on('partitions:lost', note('lost'));
    await first.start();
    await second.start();
    await share(first, second);
    await stop(second);
    await share(first);
    assert.deepEqual(seen, ['assigned 12', 'revoked 6', 'assigned 6']);
  });
});

const epochsOf = (container: Container): Map<number, number> =>
  new Map(container.snapshot().partitions.map(({ partition, epoch }) => [partition, epoch]));
