import assert from 'node:assert/strict';
import {
  CommitFailedError,
  KafkaError,
  type ConsumerOverrides,
  type ConsumerRebalanceListener,
  type TopicPartition,
} from '@hearken/core';
import {
  eventLoopTurn,
  exerciseConsumer,
  FakeConsumer,
  FakeConsumerFactory,
  FakeLog,
  ManualClock,
  Recorder,
  Signal,
} from '@hearken/testing';

const at = (partition: number): TopicPartition => ({ topic: 'orders', partition });

/** A subscribed consumer on a manual clock, and what its rebalance listener was told. */
async function setup(assign: readonly TopicPartition[] = [at(0)]) {
  const clock = new ManualClock();
  const consumer = new FakeConsumer({ clock });
  const told = new Recorder<string>();
  const say =
    (word: string) =>
    (partitions: readonly TopicPartition[]): Promise<void> => {
      told.record(`${word} ${partitions.map(({ partition }) => partition).join(',')}`);
      return Promise.resolve();
    };
  const listener: ConsumerRebalanceListener = {
    onPartitionsAssigned: say('assigned'),
    onPartitionsRevoked: say('revoked'),
    onPartitionsLost: say('lost'),
  };
  await consumer.subscribe(['orders'], listener);
  await consumer.rebalance({ assign });
  return { consumer, clock, told, listener };
}

describe('FakeConsumer', () => {
  describe('keeps the promises of the SPI', () => {
    const log = new FakeLog();
    const partitionsOf = new Map<string, number>();
    let names = 0;
    exerciseConsumer({
      createConsumer: (groupId) =>
        new FakeConsumer({
          groupId,
          log,
          assignOnSubscribe: (topics) =>
            [...partitionsOf]
              .filter(([topic]) => (topics instanceof RegExp ? topics.test(topic) : topics.includes(topic)))
              .flatMap(([topic, count]) => Array.from({ length: count }, (_, partition) => ({ topic, partition }))),
        }),
      createTopic: (partitions) => {
        const topic = `topic-${names++}`;
        partitionsOf.set(topic, partitions);
        return Promise.resolve(topic);
      },
      produce: (topic, partition, records) => Promise.resolve(log.append(topic, partition, ...records)),
      uniqueGroup: () => `group-${names++}`,
    });
  });

  it('refuses a second poll while one is outstanding', async () => {
    const { consumer } = await setup();
    const first = consumer.poll(1_000);
    assert.equal(consumer.isPolling, true);
    await assert.rejects(consumer.poll(1_000), { code: 'CONCURRENT_POLL' });
    consumer.give('orders', 0, { value: 'a' });
    assert.equal((await first).count, 1);
    assert.deepEqual(consumer.polls.items[0], { timeoutMs: 1_000, maxRecords: 500 });
  });

  it('ends a poll after its time on the injected clock', async () => {
    const { consumer, clock } = await setup();
    const polled = consumer.poll(1_000);
    clock.advance(999);
    assert.equal(consumer.isPolling, true);
    clock.advance(1);
    assert.ok((await polled).isEmpty);
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells positions that move without a record', async () => {
    const { consumer } = await setup();
    consumer.give('orders', 0, { value: 'a', offset: 5 });
    consumer.log.skip('orders', 0, 2);
    assert.deepEqual((await consumer.poll(0)).nextOffsets, [{ ...at(0), offset: 8 }]);
    const polled = consumer.poll(1_000);
    consumer.log.skip('orders', 0, 1);
    const moved = await polled;
    assert.deepEqual([moved.count, moved.nextOffsets[0]?.offset], [0, 9]);
  });

  it('serves partitions in turns', async () => {
    const { consumer } = await setup([at(0), at(1)]);
    for (const partition of [0, 1]) consumer.give('orders', partition, {}, {});
    const served: number[] = [];
    for (let i = 0; i < 4; i++) served.push(...[...(await consumer.poll(0, 1))].map(({ partition }) => partition));
    assert.deepEqual(served, [0, 1, 0, 1]);
  });

  describe('in a rebalance', () => {
    it('ends the outstanding poll, awaits the callback, and takes commits until it has ended', async () => {
      const { consumer, told, listener } = await setup([at(0), at(1)]);
      const [called, gate] = [new Signal(), new Signal()];
      listener.onPartitionsRevoked = () => {
        called.fire();
        return gate.wait();
      };
      const polled = consumer.poll(1_000);
      const rebalanced = consumer.rebalance({ revoke: [at(0)] });
      assert.ok((await polled).isEmpty);
      await called.wait();
      consumer.give('orders', 0, { value: 'not any more' });
      consumer.give('orders', 1, { value: 'still' });
      assert.deepEqual(
        [...(await consumer.poll(0))].map(({ partition }) => partition),
        [1],
      );
      await consumer.commit([{ ...at(0), offset: 4 }]);
      gate.fire();
      await rebalanced;
      assert.deepEqual(consumer.assignment(), [at(1)]);
      assert.deepEqual(told.items, ['assigned 0,1', 'assigned ']);
      await assert.rejects(consumer.commit([{ ...at(0), offset: 5 }]), CommitFailedError);
      assert.equal(consumer.committedOffset('orders', 0), 4);
    });

    it('takes lost partitions away first: it is too late to commit', async () => {
      const { consumer, listener } = await setup();
      const refused = new Recorder<unknown>();
      listener.onPartitionsLost = (partitions) =>
        consumer.commit(partitions.map((lost) => ({ ...lost, offset: 1 }))).catch(refused.record);
      await consumer.rebalance({ lost: [at(0)] });
      assert.ok(refused.last instanceof CommitFailedError);
      assert.deepEqual(refused.last.partitions, [{ ...at(0), code: 'ILLEGAL_GENERATION' }]);
    });

    it('goes on at the committed offset when a partition comes back', async () => {
      const { consumer } = await setup();
      consumer.give('orders', 0, {}, {}, {});
      await consumer.poll(0);
      await consumer.commit([{ ...at(0), offset: 1 }]);
      await consumer.rebalance({ revoke: [at(0)] });
      await consumer.rebalance({ assign: [at(0)] });
      assert.equal(consumer.position(at(0)), 1);
    });

    it('never lets callbacks overlap', async () => {
      const { consumer, told } = await setup();
      await Promise.all([consumer.rebalance({ revoke: [at(0)] }), consumer.rebalance({ assign: [at(1)] })]);
      assert.deepEqual(told.items, ['assigned 0', 'revoked 0', 'assigned ', 'assigned 1']);
      assert.equal(consumer.groupMetadata().generationId, 2);
    });

    it('makes a callback that rejects fatal', async () => {
      const { consumer, listener } = await setup();
      listener.onPartitionsRevoked = () => Promise.reject(new Error('scripted'));
      await consumer.rebalance({ revoke: [at(0)] });
      await assert.rejects(consumer.poll(0), /scripted/);
    });
  });

  it('fails the next commits as scripted, and keeps nothing of them', async () => {
    const { consumer } = await setup();
    const failure = new KafkaError('scripted', { code: 'REQUEST_TIMED_OUT', retriable: true });
    consumer.failCommits(failure, 2);
    const offsets = [{ ...at(0), offset: 1 }];
    await assert.rejects(consumer.commit(offsets), failure);
    await assert.rejects(consumer.commit(offsets), failure);
    await consumer.commit(offsets);
    assert.equal(consumer.commitCalls.count, 3);
    assert.deepEqual(consumer.commits.items, [offsets]);
  });

  it('holds commits until they are released', async () => {
    const { consumer } = await setup();
    const release = consumer.holdCommits();
    const commit = consumer.commit([{ ...at(0), offset: 1 }]);
    await eventLoopTurn();
    assert.equal(consumer.commits.count, 0);
    assert.equal(consumer.commitCalls.count, 1);
    release();
    await commit;
    assert.equal(consumer.committedOffset('orders', 0), 1);
  });

  it('rejects polls after a scripted fatal error, the outstanding one too', async () => {
    const { consumer } = await setup();
    const polled = consumer.poll(1_000);
    consumer.fail(new Error('fenced'));
    await assert.rejects(polled, /fenced/);
    await assert.rejects(consumer.poll(0, 0), /fenced/);
  });

  it('has no commits without a group', async () => {
    const consumer = new FakeConsumer({ groupId: null });
    await consumer.assign([at(0)]);
    await assert.rejects(consumer.commit([{ ...at(0), offset: 1 }]), { code: 'NO_GROUP_ID' });
  });

  it('closes in its time although a callback never ends', async () => {
    const { consumer, clock, listener } = await setup();
    listener.onPartitionsRevoked = () => new Promise(() => undefined);
    const closed = consumer.close({ timeoutMs: 100 });
    clock.advance(100);
    await closed;
    assert.deepEqual(consumer.assignment(), []);
  });
});

describe('FakeConsumerFactory', () => {
  it('makes consumers of one log, and keeps what they were asked for', async () => {
    const factory = new FakeConsumerFactory({ groupId: 'billing' });
    assert.throws(() => factory.consumer, /no consumer was made/);
    const first = factory.createConsumer();
    const second = factory.createConsumer({ groupId: 'other', maxPollRecords: 2 });
    assert.deepEqual(factory.overrides, [{}, { groupId: 'other', maxPollRecords: 2 }]);
    assert.equal(first.groupMetadata().groupId, 'billing');
    assert.equal(second.groupMetadata().groupId, 'other');
    factory.log.append('orders', 0, {}, {}, {});
    for (const consumer of factory.consumers.items) await consumer.assign([at(0)]);
    assert.equal((await first.poll(0)).count, 3);
    assert.equal((await second.poll(0)).count, 2);
  });

  it('assigns of what a group shares out in part nothing else', async () => {
    const all = [at(0), at(1), at(2), { topic: 'bills', partition: 0 }];
    const groupPartitions = new Map([['orders', [1, 2, 7]]]);
    for (const assignOnSubscribe of [all, () => all]) {
      const factory = new FakeConsumerFactory({ assignOnSubscribe });
      assert.ok(factory.takesGroupPartitions);
      const assigned = async (overrides: ConsumerOverrides): Promise<unknown> => {
        const consumer = factory.createConsumer(overrides);
        await consumer.subscribe(['orders', 'bills']);
        await consumer.rebalance({});
        return consumer.assignment();
      };
      assert.deepEqual(await assigned({ groupPartitions }), all.slice(1));
      assert.deepEqual(await assigned({}), all);
    }
  });
});
