import assert from 'node:assert/strict';
import { once } from 'node:events';
import { awaitCommitted, Signal } from '@hearken/testing';
import type { MessageListenerContainer } from 'hearken';
import { EmbeddedOrders, GROUP, TOPIC, type Heard } from '../support/embedded-orders.js';

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
    const stalled = orders.member('stalled', { consumer: { sessionTimeoutMs: 250 }, listener: listenToTheEnd });
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

  it('that is evicted while it drains does not commit what ends after', async () => {
    await using orders = await EmbeddedOrders.start();
    const { reached, release, listener } = holdingTheThird();
    const slow = orders.member('slow', { listener });
    await slow.start();
    await orders.send(5);
    await reached.wait();
    await awaitCommitted(slow, committed(2));

    const other = orders.member('other');
    const joining = orders.kafka.awaitRequest(
      ({ api, clientId, body }) =>
        api === 'JoinGroup' && clientId === 'other' && (body as { memberId: string }).memberId !== '',
    );
    const starting = other.start();
    await joining;
    await orders.kafka.awaitRequest({ api: 'Heartbeat', client: 'slow' }); // it is told, and drains
    const [group] = await orders.kafka.groups();
    const member = group?.members.find(({ clientId }) => clientId === 'slow');
    assert.equal(await orders.faults.group(GROUP).evict(member!.memberId), true);
    await starting;
    await orders.heardAll();
    await awaitCommitted(other, committed(5));
    const rejoined = orders.kafka.awaitRequest({ api: 'SyncGroup', client: 'slow' });
    release.fire();
    await rejoined;
    assert.deepEqual(await orders.committed(), [5]);
    assert.equal(slow.metrics().abandoned, 2);
    await orders.send(5);
    await orders.verify();
  });
});
