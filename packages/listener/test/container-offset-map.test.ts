import assert from 'node:assert/strict';
import { CommitFailedError, type TopicPartitionOffset } from '@hearken/core';
import type { FakeLog } from '@hearken/testing';
import type { RecordContainerProperties } from '../dist/index.js';
import { startedBatches } from './batch-setup.js';
import { addsUp, distinct, keyed, setup, started, tp, until, type Bundle } from './setup.js';

const PROPERTIES = { ordering: 'key', concurrency: 10, offsetMap: true } as const;

/** Of partition 0 alone, so that no other commits are about. */
const startedAlone = (properties: Partial<RecordContainerProperties> = {}, log?: FakeLog): Promise<Bundle> =>
  started({ ...PROPERTIES, ...properties }, { partitions: [tp(0)], ...(log && { log }) });

/** These listeners end well. */
async function end({ listener, container }: Bundle, ...offsets: readonly number[]): Promise<void> {
  const { processed } = container.metrics();
  for (const offset of offsets) (await listener.call(`0/${offset}`)).end();
  await until(() => container.metrics().processed === processed + offsets.length);
}

/** Stops without waiting for its listeners. */
async function kill({ container, clock }: Bundle): Promise<void> {
  const stopped = container.stop({ immediate: true });
  let isOver = false;
  void stopped.finally(() => (isOver = true));
  await until(() => {
    clock.advance(0);
    return isOver;
  });
}

/** Four records, of which all but the first ended, and a stop that does not wait for it. */
async function stoppedWithGap(properties?: Partial<RecordContainerProperties>): Promise<Bundle> {
  const bundle = await startedAlone(properties);
  bundle.give(0, ...keyed('a', 'b', 'c', 'd'));
  await end(bundle, 1, 2, 3);
  await kill(bundle);
  return bundle;
}

const committed = ({ log }: Pick<Bundle, 'log'>): TopicPartitionOffset | undefined => log.committed('g', tp(0));

const REFUSED_ABOVE = (limit: number) => (offsets: readonly TopicPartitionOffset[]) => {
  const code = 'OFFSET_METADATA_TOO_LARGE';
  const partitions = offsets.filter(({ metadata = '' }) => metadata.length > limit).map((at) => ({ ...at, code }));
  return partitions.length === 0 ? undefined : new CommitFailedError('too long', { code, partitions });
};

describe('MessageListenerContainer: offsetMap', () => {
  it('spares what ended behind the committed offset when the group goes on, and nothing else', async () => {
    const { log, container } = await stoppedWithGap();
    assert.equal(committed({ log })?.offset, 0);
    assert.equal(container.metrics().offsetMaps, 1);
    const next = await startedAlone({}, log);
    next.give(0, ...keyed('b'));
    await end(next, 0, 4);
    assert.deepEqual(next.listener.order, ['0/0', '0/4']);
    assert.equal(next.container.metrics().alreadyProcessed, 3);
    assert.ok(addsUp(next));
    await next.container.stop();
    assert.deepEqual(committed({ log }), { ...tp(0), offset: 5 }, 'with nothing behind it there is no text');
  });

  it('is a clean stop where all that ended is told', async () => {
    const bundle = await startedAlone({ ackMode: 'manual' });
    bundle.give(0, ...keyed('a', 'b'));
    const [first, second] = [await bundle.listener.call('0/0'), await bundle.listener.call('0/1')];
    second.context.acknowledgment.acknowledge();
    first.end();
    second.end();
    const report = await bundle.container.stop();
    assert.deepEqual([report.drained, report.abandoned], [true, 1]);
  });

  it('is nothing to who does not want it: all comes again, and is not even counted', async () => {
    const { log } = await stoppedWithGap();
    const next = await started({ ordering: 'key' }, { partitions: [tp(0)], log });
    await end(next, 0, 1, 2, 3);
    assert.equal(next.container.metrics().offsetMapsIgnored, 0);
    await next.container.stop();
  });

  it('tells within a second of what ended behind an offset that is written, once for many, and not of nothing', async () => {
    const bundle = await startedAlone();
    const { clock, factory, give, log } = bundle;
    give(0, ...distinct(10));
    await bundle.listener.call('0/9');
    const { count } = factory.consumer.commitCalls;
    await end(bundle, 3);
    clock.advance(500);
    await end(bundle, 4, 5, 6);
    clock.advance(499);
    assert.equal(factory.consumer.commitCalls.count, count, 'the offset has not moved');
    clock.advance(1);
    await until(() => committed({ log })?.metadata !== undefined);
    assert.equal(factory.consumer.commitCalls.count, count + 1);
    for (let seconds = 0; seconds < 5; seconds++) clock.advance(1_000);
    assert.equal(factory.consumer.commitCalls.count, count + 1, 'nothing ended since');
    const crashed = await startedAlone({}, log); // as if the other had been killed
    await end(crashed, 0, 1, 2, 7, 8, 9);
    assert.equal(crashed.container.metrics().alreadyProcessed, 4);
    await crashed.container.stop();
  });

  it('goes with each offset that moves, and is no reason to commit sooner', async () => {
    const bundle = await startedAlone({ ackMode: 'time', ackTimeMs: 5_000 });
    const { clock, factory, give } = bundle;
    give(0, ...distinct(4));
    await bundle.listener.call('0/3');
    const { count } = factory.consumer.commitCalls;
    await end(bundle, 0, 3);
    clock.advance(4_999);
    assert.equal(factory.consumer.commitCalls.count, count);
    clock.advance(1);
    await until(() => committed(bundle)?.offset === 1);
    assert.ok(committed(bundle)?.metadata);
    await kill(bundle);
  });

  it('keeps what it was told and has not read again, over one crash after the other', async () => {
    const first = await startedAlone();
    first.give(0, ...keyed('a', 'a', 'b', 'c', 'd', 'd'));
    await end(first, 2, 3, 4);
    await kill(first);
    const { log } = first;
    const second = await startedAlone({ maxPollRecords: 1, bufferRecords: 0, concurrency: 1 }, log);
    await end(second, 0);
    await second.listener.call('0/1');
    await kill(second);
    assert.deepEqual([second.container.metrics().polled, committed({ log })?.offset], [2, 1]);
    const third = await startedAlone({}, log);
    await end(third, 1, 5);
    assert.deepEqual(third.listener.order, ['0/1', '0/5']);
    await third.container.stop();
  });

  for (const [what, text, reason] of [
    ['somebody else wrote', 'by hand', 'foreign'],
    ['was damaged', (map: string) => `${map.slice(0, -3)}AAA`, 'mismatched'],
    ['was cut', (map: string) => map.slice(0, 12), 'mismatched'],
  ] as const) {
    it(`ignores what ${what}, and says so`, async () => {
      const { log } = await stoppedWithGap();
      const metadata = typeof text === 'string' ? text : text(committed({ log })?.metadata ?? '');
      log.commit('g', [{ ...tp(0), offset: 0, metadata }]);
      const next = setup(PROPERTIES, { partitions: [tp(0)], log });
      const told = next.events('offset-map:ignored');
      await next.container.start();
      assert.deepEqual(told.items, [{ ...tp(0), offset: 0, metadata, reason }]);
      assert.equal(next.container.metrics().offsetMapsIgnored, 1);
      await end(next, 0, 1, 2, 3);
      await next.container.stop();
    });
  }

  it('ignores a map of another offset: somebody moved the group', async () => {
    const { log } = await stoppedWithGap();
    log.commit('g', [{ ...committed({ log })!, offset: 1 }]);
    const next = await startedAlone({}, log);
    await end(next, 1, 2, 3);
    assert.equal(next.container.metrics().offsetMapsIgnored, 1);
    await next.container.stop();
  });

  it('spares no record of a newer leader: it was written in the place of one that was lost', async () => {
    const bundle = await startedAlone();
    bundle.log.append('t', 0, ...keyed('a', 'b', 'c').map((record) => ({ ...record, leaderEpoch: 3 })));
    await end(bundle, 1, 2);
    await kill(bundle);
    const next = setup(PROPERTIES, { partitions: [tp(0)] });
    next.log.append('t', 0, { key: 'a', leaderEpoch: 3 }, { key: 'b', leaderEpoch: 3 }, { key: 'x', leaderEpoch: 4 });
    next.log.commit('g', [committed(bundle)!]);
    await next.container.start();
    await end(next, 0, 2);
    assert.deepEqual(next.listener.order, ['0/0', '0/2']);
    await next.container.stop();
  });

  it('is left out, and smaller the next time, where the broker finds it too long; offsets are committed all the same', async () => {
    const bundle = await startedAlone({ concurrency: 600 });
    const { clock, factory, give, log } = bundle;
    factory.consumer.failCommits(REFUSED_ABOVE(100), 100);
    give(0, ...distinct(600));
    await bundle.listener.call('0/599');
    const odd = Array.from({ length: 300 }, (_, i) => 2 * i + 1).filter((offset) => offset % 7 > 0);
    await end(bundle, 0, ...odd);
    clock.advance(100);
    await until(() => committed(bundle)?.offset === 2);
    assert.equal(committed(bundle)?.metadata, undefined);
    await until(() => {
      clock.advance(1_000);
      return committed(bundle)?.metadata !== undefined;
    });
    assert.ok(committed(bundle)!.metadata!.length <= 100);
    assert.equal(bundle.container.metrics().offsetMapsCut, 1);
    await kill(bundle);
    const next = await startedAlone({ concurrency: 600 }, log);
    await next.listener.call('0/599');
    assert.ok(next.container.metrics().alreadyProcessed > 50, 'what it holds is true');
    for (const { record } of next.listener.calls.items)
      assert.ok(record.offset > 1 && (!odd.includes(record.offset) || record.offset > 100));
    await kill(next);
  });

  it('gives up on a broker that takes no text at all', async () => {
    const bundle = await startedAlone();
    const { clock, factory, give } = bundle;
    factory.consumer.failCommits(REFUSED_ABOVE(0), 100);
    give(0, ...distinct(10));
    for (let offset = 9; offset > 0; offset--) {
      await end(bundle, offset);
      for (let ms = 0; ms < 3_000; ms += 500) {
        clock.advance(500);
        await until(() => true);
      }
    }
    const { count } = factory.consumer.commitCalls;
    await end(bundle, 0);
    clock.advance(1_000);
    await until(() => committed(bundle)?.offset === 10);
    assert.equal(factory.consumer.commitCalls.count, count + 1);
    assert.ok(count < 12, `${count} commits: a text is halved until there is none`);
    await bundle.container.stop();
  });

  it('reads a partition from where its user says, also what ended', async () => {
    const { log } = await stoppedWithGap();
    const next = setup({ ...PROPERTIES, topicPartitions: [{ ...tp(0), offset: 0 }] }, { log });
    await next.container.start();
    await end(next, 0, 1, 2, 3);
    await next.container.stop();
    const given = setup({ ...PROPERTIES, topicPartitions: [tp(0)] }, { log: (await stoppedWithGap()).log });
    await given.container.start();
    await end(given, 0);
    assert.equal(given.container.metrics().alreadyProcessed, 3, 'but not where the group says it');
    await given.container.stop();
  });

  it('spares what a batch listener acknowledged out of order, and in partition order too', async () => {
    const properties = { ackMode: 'manual', offsetMap: true, batch: { maxRecords: 2 } } as const;
    const bundle = await startedBatches(properties, { partitions: [tp(0)] });
    bundle.give(0, ...distinct(5));
    for (let batch = 0; batch < 2; batch++) (await bundle.batches.call(batch)).end(); // neither is acknowledged yet
    const last = await bundle.batches.call(2);
    bundle.batches.calls.items[1]?.context.acknowledgment.acknowledge(0);
    last.context.acknowledgment.acknowledge();
    await kill(bundle);
    const next = await startedBatches(properties, { partitions: [tp(0)], log: bundle.log });
    (await next.batches.call(0)).end();
    assert.deepEqual([next.batches.calls.items[0]?.offsets, (await next.batches.call(1)).offsets], [[0, 1], [3]]);
    assert.ok(addsUp(next));
    await kill(next);
  });

  for (const [properties, message] of [
    [{ commitMetadata: () => 'x' }, /offsetMap.*commitMetadata/],
    [{ commitBefore: true, ordering: 'none' }, /offsetMap.*commitBefore/],
    [{ ordering: 'partition' }, /offsetMap.*in order/],
    [{ offsetMapIntervalMs: 0 }, /offsetMapIntervalMs/],
    [{ offsetMap: false, offsetMapIntervalMs: 10 }, /offsetMapIntervalMs.*needs offsetMap/],
  ] as const) {
    it(`is refused with ${Object.keys(properties).join(' and ')}`, () =>
      assert.throws(() => setup({ ...PROPERTIES, ...properties }), { code: 'INVALID_CONFIG', message }));
  }

  it('needs a group to commit to', () =>
    assert.throws(() => setup({ ...PROPERTIES, topicPartitions: [tp(0)] }, { groupId: null }), /offsetMap.*groupId/));
});
