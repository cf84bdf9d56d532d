import assert from 'node:assert/strict';
import { once } from 'node:events';
import { awaitCommitted, Recorder, Signal } from '@hearken/testing';
import { codeOf, type MessageListenerContainer } from 'hearken';
import { EmbeddedOrders, GROUP, TOPIC, type Heard } from '../support/embedded-orders.js';
import { until } from '../support/until.js';

const committed = (offset: number) => [{ topic: TOPIC, partition: 0, offset }];

/** The next time that a container loses its partitions. */
const lost = (container: MessageListenerContainer): Promise<unknown> =>
  new Promise((resolve) => container.on('partitions:lost', resolve));

describe('a member of a group, on an embedded Kafka', () => {
  /** A listener that waits at the third record, once. */
  function holdingTheThird() {
    const [reached, release] = [new Signal(), new Signal()];
    const listener = async ({ n }: Heard): Promise<void> => {
      if (n !== 2) return;
      reached.fire();
      await release.wait();
    };
    return { reached, release, listener };
  }

  it('whose heartbeats stall beyond its session is evicted; what it does then is not committed, and it comes back', async () => {
    await using orders = await EmbeddedOrders.start();
    const { reached, release, listener } = holdingTheThird();
    const listenToTheEnd = async (heard: Heard, signal: AbortSignal): Promise<void> => {
      await listener(heard);
      if (heard.n === 3) await once(signal, 'abort');
    };
    const stalled = orders.member('stalled', { consumer: { sessionTimeoutMs: 1_500 }, listener: listenToTheEnd });
    await stalled.start();
    await orders.send(5);
    await reached.wait();
    await awaitCommitted(stalled, committed(2));

    const heartbeats = await orders.faults.on({ api: 'Heartbeat', client: 'stalled' }).hang();
    const other = orders.member('other');
    await other.start(); // the group has waited for the other's session
    await orders.heardAll();
    await awaitCommitted(other, committed(5));
    const isLost = lost(stalled);
    const refused = orders.kafka.awaitRequest({ api: 'OffsetCommit', client: 'stalled' });
    release.fire();
    assert.equal((await refused).body.topics[0]?.partitions[0]?.committedOffset, 3);
    await isLost;
    assert.deepEqual(await orders.committed(), [5]);
    assert.deepEqual([stalled.metrics().processed, stalled.metrics().abandoned], [3, 2]);
    assert.deepEqual(orders.numbers(0, 'other'), [2, 3, 4]);

    const rejoined = orders.kafka.awaitRequest({ api: 'SyncGroup', client: 'stalled' });
    await heartbeats.remove();
    await rejoined;
    await other.stop();
    await orders.send(5);
    await orders.verify();
    assert.deepEqual(orders.numbers(0, 'stalled'), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
  });

  for (const [assignor, partitions] of [
    ['range', 1],
    ['cooperative-sticky', 2],
  ] as const)
    it(`that is evicted while it drains is told at once, and commits nothing that ends after (${assignor})`, async () => {
      await using orders = await EmbeddedOrders.start({ partitions });
      const consumer = { partitionAssignors: [assignor] };
      const release = new Signal();
      const signals = new Recorder<AbortSignal>();
      const slow = orders.member('slow', {
        consumer,
        container: { concurrency: partitions },
        listener: async ({ n }, signal) => {
          if (n !== 2 || signals.count === partitions) return;
          signals.record(signal);
          await release.wait();
        },
      });
      await slow.start();
      await orders.send(5);
      await signals.received(partitions);
      await awaitCommitted(
        slow,
        Array.from({ length: partitions }, (_, partition) => ({ topic: TOPIC, partition, offset: 2 })),
      );

      const other = orders.member('other', { consumer });
      const starting = other.start();
      // The cooperative one gives up one of two; what it keeps is lost with it.
      await until('it drains', () => slow.metrics().queued === 2 * (partitions - 1));
      const isLost = lost(slow);
      const [group] = await orders.kafka.groups();
      const member = group?.members.find(({ clientId }) => clientId === 'slow');
      assert.equal(await orders.faults.group(GROUP).evict(member!.memberId), true);
      await isLost;
      assert.deepEqual(
        signals.items.map(({ reason }) => codeOf(reason)),
        Array<string>(partitions).fill('PARTITION_LOST'),
      );
      assert.equal(slow.metrics().abandoned, 3 * partitions);
      await starting;
      const late = new Recorder<unknown>();
      slow.on('listener:late', late.record);
      release.fire();
      await late.received(partitions);
      assert.equal(slow.metrics().lateResults, partitions);
      await orders.send(5);
      await orders.verify();
    });
});
