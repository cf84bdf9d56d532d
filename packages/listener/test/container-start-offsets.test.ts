import assert from 'node:assert/strict';
import { FakeLog } from '@hearken/testing';
import type { AssignedPartition } from '../dist/index.js';
import { addsUp, setup, started, tp, until } from './setup.js';

/** Partition 0 of `t`: offsets 5 to 9, written at 50 to 90. */
function aLog(): FakeLog {
  const log = new FakeLog();
  for (const offset of [5, 6, 7, 8, 9]) log.append('t', 0, { offset, timestamp: offset * 10 });
  return log;
}

async function positionFor(offset: AssignedPartition['offset'], log = aLog()): Promise<number | undefined> {
  const at = offset === undefined ? tp(0) : { ...tp(0), offset };
  const { container } = setup({ topicPartitions: [at] }, { groupId: null, log });
  container.pause();
  await container.start();
  const { position } = container.snapshot().partitions[0]!;
  await container.stop();
  return position;
}

describe('MessageListenerContainer: where given partitions begin', () => {
  it('takes an offset, an end, or a time', async () => {
    const positions = [];
    for (const offset of [7, 'beginning', 'end', { timestamp: 71 }, { timestamp: 91 }] as const)
      positions.push(await positionFor(offset));
    assert.deepEqual(positions, [7, 5, 10, 8, 10]);
  });

  it('asks once for all that begin alike', async () => {
    const log = new FakeLog();
    for (const partition of [0, 1, 2]) log.append('t', partition, { timestamp: 1 }, { timestamp: 2 });
    const topicPartitions = [
      { ...tp(0), offset: 'end' },
      { ...tp(1), offset: { timestamp: 2 } },
      { ...tp(2), offset: 'end' },
      tp(3),
    ] as const;
    const { container, factory } = setup({ topicPartitions }, { groupId: null, log });
    container.pause();
    const asked: number[] = [];
    const createConsumer = factory.createConsumer.bind(factory);
    factory.createConsumer = (overrides) => {
      const consumer = createConsumer(overrides);
      const endOffsets = consumer.endOffsets.bind(consumer);
      consumer.endOffsets = (partitions) => {
        asked.push(partitions.length);
        return endOffsets(partitions);
      };
      return consumer;
    };
    await container.start();
    const { partitions } = container.snapshot();
    assert.deepEqual(
      partitions.map(({ position }) => position),
      [2, 1, 2, 0],
    );
    assert.deepEqual(asked.sort(), [1, 2]);
    await container.stop();
  });

  it('begins at each start where it is said to, whatever the group committed, and commits that', async () => {
    const log = aLog();
    log.commit('g', [{ ...tp(0), offset: 9 }]);
    const bundle = await started({ topicPartitions: [{ ...tp(0), offset: 'beginning' }] }, { log });
    const { container, listener, committed } = bundle;
    assert.equal(committed(0), 5);
    for (const offset of [5, 6, 7, 8, 9]) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 5);
    await container.stop();
    assert.equal(committed(0), 10);
    assert.ok(addsUp(bundle));
  });

  it('fails its start with what the look-up failed with', async () => {
    const { container, factory } = setup({ topicPartitions: [{ ...tp(0), offset: 'end' }] }, { groupId: null });
    const error = new Error('no leader');
    const createConsumer = factory.createConsumer.bind(factory);
    factory.createConsumer = () => Object.assign(createConsumer(), { endOffsets: () => Promise.reject(error) });
    await assert.rejects(container.start(), error);
  });

  it('refuses a place there is not', () => {
    for (const offset of ['latest', -1, 1.5, {}, { timestamp: -1 }, { timestamp: '1' }, null])
      assert.throws(() => setup({ topicPartitions: [{ ...tp(0), offset: offset as number }] }), {
        code: 'INVALID_CONFIG',
        message: /'beginning', 'end' or \{ timestamp \}/,
      });
  });
});
