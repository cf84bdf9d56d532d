import assert from 'node:assert/strict';
import { ConsumerRecords, IllegalStateError, KafkaError, type PositionReset, type TopicPartition } from '@hearken/core';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { FixedBackOff, type PartitionSnapshot } from '../dist/index.js';
import { addsUp, keyed, setup, tp, until, type Bundle } from './setup.js';

interface Leaderless extends Bundle {
  /** `poll` tells where partition 2 begins; as a reset, if there is one. */
  readonly find: (offset: number, reset?: PositionReset) => void;
  readonly view: () => PartitionSnapshot;
}

const OURS = [tp(0), tp(1), tp(2)];

/** Assigned partitions 0 to 2, of which the consumer looks for a position of the last. */
function leaderless(properties: Parameters<typeof setup>[0] = {}): Leaderless {
  const bundle = setup(properties, { partitions: OURS });
  const { factory, container } = bundle;
  const told: ConsumerRecords[] = [];
  let isFound = false;
  const create = factory.createConsumer.bind(factory);
  factory.createConsumer = (overrides) => {
    const consumer = create(overrides);
    const poll = consumer.poll.bind(consumer);
    const [position, seek] = [consumer.position.bind(consumer), consumer.seek.bind(consumer)];
    consumer.position = (at: TopicPartition): number => {
      if (at.partition !== 2 || isFound) return position(at);
      throw new IllegalStateError('it has no position yet', 'NO_POSITION');
    };
    consumer.seek = (at, offset) => {
      if (at.partition === 2) isFound = true;
      seek(at, offset);
    };
    consumer.poll = async (timeoutMs, maxRecords) => {
      const news = told.shift();
      return news ?? poll(timeoutMs, maxRecords);
    };
    return consumer;
  };
  return {
    ...bundle,
    find: (nextOffset, reset) => {
      isFound = true;
      factory.consumer.log.skip('t', 2, nextOffset);
      told.push(new ConsumerRecords([{ ...tp(2), records: [], nextOffset, ...(reset && { reset }) }]));
      factory.consumer.wakeup();
    },
    view: () => container.snapshot().partitions.find(({ partition }) => partition === 2) ?? assert.fail(),
  };
}

async function looking(...args: Parameters<typeof leaderless>): Promise<Leaderless> {
  const bundle = leaderless(...args);
  await bundle.container.start();
  return bundle;
}

describe('MessageListenerContainer: a partition whose position is looked for', () => {
  it('holds up no other, has nothing to commit, and is read when it is found', async () => {
    const bundle = await looking({ listener: () => undefined });
    const { container, give, find, view, clock, committed, events } = bundle;
    const reset = events('position:reset');
    give(0, ...keyed('a'));
    give(1, ...keyed('b'));
    await until(() => container.metrics().processed === 2);
    clock.advance(5_000);
    await until(() => committed(0) === 1 && committed(1) === 1);
    const { epoch, position, lag, committed: known } = view();
    assert.deepEqual([position, lag, known, committed(2)], [undefined, undefined, undefined, undefined]);
    find(7);
    await until(() => view().position === 7);
    await until(() => committed(2) === 7); // as of any partition that the group has committed nothing of
    give(2, ...keyed('c'));
    await until(() => container.metrics().processed === 3);
    assert.deepEqual([view().epoch, reset.count], [epoch, 0]);
    await container.stop();
    assert.equal(committed(2), 8);
    assert.ok(addsUp(bundle));
  });

  it('has no lag until it is, also where its end is known', async () => {
    const { container, give, view } = await looking({ listener: () => undefined });
    give(2, ...keyed('a', 'b'));
    const { endOffset, lag } = view();
    assert.deepEqual([endOffset, lag, container.metrics().lag], [2, undefined, 0]);
    await until(() => view().lag === 0);
    await container.stop();
  });

  it('begins with its first record, if that comes with the position', async () => {
    const { container, give, listener, committed } = await looking();
    give(2, { key: 'a', offset: 5 });
    (await listener.call('2/5')).end();
    await container.stop();
    assert.equal(committed(2), 6);
  });

  it('begins where it was sought, also before its first record and with its assignment', async () => {
    for (const during of ['assignment', 'search'] as const) {
      const rebalanceListener = {
        onPartitionsAssigned: () => (during === 'assignment' ? container.seek(tp(2), 3) : undefined),
      };
      const { container, give, listener, view, committed } = leaderless({ rebalanceListener });
      await container.start();
      if (during === 'search') {
        await assert.rejects(container.seek(tp(2), (position) => position + 1), { code: 'NO_POSITION' }); // prettier-ignore
        await container.seek(tp(2), 3);
      }
      assert.equal(view().position, 3);
      give(2, { key: 'a', offset: 3 });
      (await listener.call('2/3')).end();
      await container.stop();
      assert.equal(committed(2), 4);
    }
  });

  it('goes where it was sought, although its position is found while the end is looked up', async () => {
    const { container, factory, find, view } = await looking();
    const gate = new Signal();
    const endOffsets = factory.consumer.endOffsets.bind(factory.consumer);
    factory.consumer.endOffsets = async (partitions) => {
      await gate.wait();
      return endOffsets(partitions);
    };
    const sought = container.seekToEnd([tp(2)]);
    find(7);
    await until(() => view().position === 7);
    factory.consumer.log.skip('t', 2, 4);
    gate.fire();
    assert.deepEqual(await sought, [{ ...tp(2), offset: 11 }]);
    assert.equal(view().position, 11);
    await container.stop();
  });

  it("is not committed with its position under assignmentCommitOption 'never', as others are not", async () => {
    const { container, find, view, committed, clock } = await looking({ assignmentCommitOption: 'never' });
    find(7);
    await until(() => view().position === 7);
    clock.advance(5_000);
    await eventLoopTurn();
    await container.stop();
    assert.deepEqual([committed(0), committed(2)], [undefined, undefined]);
  });

  it('is given up as others are, with nothing to commit, and comes again', async () => {
    const { container, factory, find, view, committed, events } = await looking();
    const failed = events('commit:failed');
    await factory.consumer.rebalance({ revoke: OURS, assign: OURS });
    assert.deepEqual([view().position, committed(2)], [undefined, undefined]);
    find(7);
    await until(() => committed(2) === 7);
    assert.equal(failed.count, 0);
    await container.stop();
  });

  it('tells of a reset that comes with the position, and why', async () => {
    const { container, find, view, events } = await looking();
    const told = events('position:reset');
    const reset = { reason: 'out-of-range', from: 99, to: 7 } as const;
    find(7, reset);
    await until(() => view().position === 7);
    assert.deepEqual(told.items, [{ ...tp(2), ...reset }]);
    await container.stop();
  });

  it('is told as stalled when it takes too long, and the container is ready all the same', async () => {
    const bundle = await looking({ monitorIntervalMs: 30_000, noProgressTimeoutMs: 60_000 });
    const { container, clock, events, find } = bundle;
    const [stalled, progressed] = [events('partition:stalled'), events('partition:progressed')];
    const pass = async (): Promise<void> => {
      for (let i = 0; i < 12; i++) {
        clock.advance(10_000);
        await eventLoopTurn();
      }
    };
    await pass();
    assert.deepEqual(stalled.items.map(({ partition, reasons }) => [partition, reasons]), [[2, ['fetch']]]); // prettier-ignore
    const { ready, status } = container.health();
    assert.deepEqual([ready, status], [true, 'degraded']);
    find(7);
    await pass();
    assert.deepEqual([progressed.count, container.health().status], [1, 'up']);
    await container.stop();
  });

  it('is looked for by the successor of a consumer that failed, where partitions are given: it was nowhere yet', async () => {
    const restartBackOff = new FixedBackOff({ intervalMs: 1_000 });
    const bundle = await looking({ topicPartitions: OURS, onFatal: 'restart', restartBackOff });
    const { container, factory, clock, find, view } = bundle;
    factory.consumer.fail(new KafkaError('broken', { code: 'UNKNOWN_SERVER_ERROR' }));
    await until(() => (clock.advance(1_000), factory.consumers.count === 2 && container.state === 'running'));
    assert.equal(view().position, undefined);
    find(7);
    await until(() => view().position === 7);
    await container.stop();
  });
});
