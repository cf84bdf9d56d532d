import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import {
  DefaultKafkaConsumerFactory,
  json,
  MessageListenerContainer,
  silentLogger,
  type ConsumerRecord,
  type ContainerSnapshot,
  type KafkaAdmin,
  type ListenerContext,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders, type NumberedOrder } from '../support/numbered-orders.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

type Container = MessageListenerContainer<Buffer | null, NumberedOrder>;

const PARTITIONS = 12;
const ROUNDS = 12;
const PER_ROUND = 1_500;

describeWithKafka('listener containers in a storm of rebalances', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  openClients((clients) => ({ admin } = clients));

  for (const assignor of ['range', 'cooperative-sticky'] as const)
    for (const ordering of ['key', 'partition'] as const)
      it(`lose nothing, keep the order and count right (${assignor}, order by ${ordering})`, async () => {
        const [topic, groupId] = [uniqueName('container'), uniqueName('group')];
        await admin.createTopics([{ topic, partitions: PARTITIONS }]);
        await using orders = new NumberedOrders(topic, 300);
        const all: Container[] = [];
        let aborted = 0;
        const listener = async (
          record: ConsumerRecord<unknown, NumberedOrder>,
          context: ListenerContext,
        ): Promise<void> => {
          orders.saw(record);
          await turn();
          if (context.signal.aborted) aborted++;
        };
        const join = async (): Promise<Container> => {
          const options = { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 50 } as const;
          const made = new MessageListenerContainer<Buffer | null, NumberedOrder>(
            new DefaultKafkaConsumerFactory(
              { brokers: bootstrapServers(), clientId: 'flow', logger: silentLogger },
              { ...options, partitionAssignors: [assignor] },
            ),
            { topics: [topic], valueSerde: json<NumberedOrder>(), ordering, concurrency: 8, listener },
            { logger: silentLogger },
          );
          all.push(made);
          await made.start();
          return made;
        };
        const members = [await join(), await join(), await join()];
        for (let round = 0; round < ROUNDS; round++) {
          const sending = orders.send(PER_ROUND);
          const going = members.splice(0, round % 3 === 2 ? 2 : 1); // now and then two at once
          const coming = going.map(() => join()); // while the others go
          await Promise.all(going.map((each) => each.stop()));
          members.push(...(await Promise.all(coming)));
          await sending;
        }
        await until('all are heard', () => orders.allSeen);
        await until('everything is done with', () => members.every((each) => each.metrics().outstanding === 0));
        await until('the storm is over', () => sum(members.map((each) => each.assignment().length)) === PARTITIONS);
        const shares = members.map((each) => each.snapshot());
        await Promise.all(members.map((each) => each.stop()));

        assert.deepEqual(orders.violations, []);
        assert.deepEqual([aborted, orders.duplicates], [0, 0], 'all had the time to drain');
        const committed = await admin.committedOffsets(groupId, [topic]);
        assert.equal(sum(committed.map(({ offset }) => offset)), ROUNDS * PER_ROUND);
        for (const each of all) {
          const { polled, processed, abandoned, outstanding, running, queued, lateResults } = each.metrics();
          assert.deepEqual([polled, lateResults], [processed + abandoned, 0]);
          assert.deepEqual([outstanding, running, queued], [0, 0, 0]);
          assert.deepEqual(each.snapshot().partitions, []);
        }
        assert.equal(sum(shares.map(lanesHeld)), 0, 'no lane outlives its records');
      });
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const lanesHeld = ({ partitions }: ContainerSnapshot): number => sum(partitions.map(({ lanes }) => lanes));
