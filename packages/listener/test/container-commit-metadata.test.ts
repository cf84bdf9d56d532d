import assert from 'node:assert/strict';
import { CommitFailedError, type TopicPartitionOffset } from '@hearken/core';
import { keyed, setup, started, tp, until, type Bundle } from './setup.js';

/** Ends the record and lets its commit go out. */
async function process({ container, listener, clock, factory }: Bundle, at: string): Promise<void> {
  const { count } = factory.consumer.commitCalls;
  const { processed } = container.metrics();
  (await listener.call(at)).end();
  await until(() => container.metrics().processed === processed + 1);
  clock.advance(1_000);
  await factory.consumer.commitCalls.received(count + 1);
}

const metadataOf = ({ log }: Bundle, partition = 0): string | undefined => log.committed('g', tp(partition))?.metadata;

describe('MessageListenerContainer: commitMetadata', () => {
  it('goes with each offset, and can be read back', async () => {
    const commitMetadata = ({ topic, partition, offset }: TopicPartitionOffset): string | undefined =>
      offset === 2 ? undefined : `${topic}-${partition} up to ${offset}`;
    const bundle = await started({ commitMetadata }, { partitions: [tp(0)] });
    const { container, factory, give, events } = bundle;
    const told = events('offsets:committed');
    give(0, ...keyed('a', 'b', 'c'));
    await process(bundle, '0/0');
    await until(() => metadataOf(bundle) === 't-0 up to 1');
    assert.deepEqual(await factory.consumer.committed([tp(0)]), [{ ...tp(0), offset: 1, metadata: 't-0 up to 1' }]);
    await until(() => told.count > 0);
    assert.deepEqual(told.last?.offsets, [{ ...tp(0), offset: 1, metadata: 't-0 up to 1' }]);
    await process(bundle, '0/1');
    await until(() => bundle.committed(0) === 2);
    assert.equal(metadataOf(bundle), undefined);
    (await bundle.listener.call('0/2')).end();
    await container.stop();
    assert.equal(metadataOf(bundle), 't-0 up to 3', 'also on the way out');
  });

  for (const [how, commitMetadata] of [
    ['throws', () => assert.fail('of the user')],
    ['returns what is no text', () => 3 as unknown as string],
  ] as const) {
    it(`does not hold back the offset when it ${how}`, async () => {
      const bundle = await started({ commitMetadata }, { partitions: [tp(0)] });
      bundle.give(0, ...keyed('a'));
      await process(bundle, '0/0');
      await until(() => bundle.committed(0) === 1);
      assert.equal(metadataOf(bundle), undefined);
      assert.ok(bundle.logger.at('error').length > 0);
      await bundle.container.stop();
    });
  }

  it('is left out, at once and while others wait for the commit, where the broker finds it too long; the next offset has its own', async () => {
    const commitMetadata = ({ offset }: TopicPartitionOffset): string =>
      offset === 1 ? 'x'.repeat(5_000) : `at ${offset}`;
    const bundle = await started({ commitMetadata });
    const { container, factory, give, events, logger } = bundle;
    const failed = events('commit:failed');
    const code = 'OFFSET_METADATA_TOO_LARGE';
    factory.consumer.failCommits((offsets) => {
      const partitions = offsets.flatMap(({ topic, partition, metadata = '' }) =>
        metadata.length > 4_096 ? [{ topic, partition, code }] : [],
      );
      return partitions.length === 0 ? undefined : new CommitFailedError('too long', { code, partitions });
    }, 5);
    give(0, ...keyed('a', 'b'));
    await process(bundle, '0/0');
    await until(() => bundle.committed(0) === 1); // no timer was needed
    assert.equal(metadataOf(bundle), undefined);
    assert.equal(failed.count, 1);
    assert.match(logger.at('warn').at(-1)?.message ?? '', /without their metadata/);
    await process(bundle, '0/1');
    await until(() => metadataOf(bundle) === 'at 2');
    give(1, ...keyed('c'));
    (await bundle.listener.call('1/0')).end();
    await container.stop();
    assert.equal(bundle.committed(1), 1, 'also on the way out, where nothing comes after the last commit');
  });

  it('needs a group to commit to', () => {
    const commitMetadata = (): string => 'x';
    assert.throws(() => setup({ commitMetadata, topicPartitions: [tp(0)] }, { groupId: null }), {
      code: 'INVALID_CONFIG',
      message: /commitMetadata.*groupId/,
    });
  });
});
