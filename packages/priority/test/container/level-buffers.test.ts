import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KafkaConfigError } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { FakeConsumerFactory } from '@hearken/testing';
import { levelBuffers, partOf } from '../../dist/container/level-buffers.js';
import { PriorityListenerContainer, type PriorityContainerProperties } from '../../dist/index.js';
import { settled, setup, started, stopped, until, type Own } from './setup.js';

/** What three levels say of this budget. */
function problemsOf(buffer: unknown, fetchMaxBytes = 100): string[] {
  const factory = new FakeConsumerFactory({ groupId: 'g', fetchMaxBytes });
  const properties = { topics: ['t'], levels: 3, listener: () => undefined, buffer } as PriorityContainerProperties;
  try {
    new PriorityListenerContainer(factory, properties);
  } catch (error) {
    if (error instanceof KafkaConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const queuedBytes = (bundle: Awaited<ReturnType<typeof started>>): number[] =>
  bundle.container.metrics().levels.map((level) => level.queuedBytes);

describe('a priority budget', () => {
  it('is split without a rest; the most urgent has what it needs, the others alike', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.nat(1_000), fc.nat(1_000), (levels, least, more) => {
        const total = least + levels - 1 + more;
        const parts = Array.from({ length: levels }, (_, priority) => partOf(priority, levels, total, least));
        const [urgent = 0, ...others] = parts.reverse();
        assert.equal(
          parts.reduce((sum, part) => sum + part, 0),
          total,
        );
        assert.ok(urgent >= least && others.every((part) => part === others[0] && part <= urgent));
        assert.ok(others.every((part) => part > 0) || total < levels);
      }),
    );
    assert.deepEqual(
      [0, 1, 2].map((priority) => partOf(priority, 3, 64)),
      [21, 21, 22],
    );
    assert.deepEqual(
      [0, 1, 2].map((priority) => partOf(priority, 3, 64, 50)),
      [7, 7, 50],
    );
  });

  it('has to be enough for one record a level, and for a fetch of the most urgent', () => {
    assert.deepEqual(problemsOf({ records: 3, bytes: 102 }), []);
    assert.match(problemsOf({ records: 2 }).join(), /^buffer.records: must be at least one a level/);
    assert.match(
      problemsOf({ bytes: 101 }).join(),
      /^buffer.bytes: must be at least 102: .*fetchMaxBytes, 100.*got 101/,
    );
    assert.match(problemsOf({ bytes: 0.5, record: 2 }).join('\n'), /buffer.record: .*did you mean 'records'/);
    assert.match(problemsOf({ bytes: 0.5 }).join(), /^buffer.bytes: /);
    const plain = { bufferBytes: 1 } as unknown as Own;
    assert.throws(
      () => setup(plain),
      /bufferBytes: is not for a PriorityListenerContainer: buffer says how many bytes/,
    );
  });

  it('is that of one plain container over all levels where none is given, and room for a fetch', () => {
    const MIB = 1024 * 1024;
    const parts = (levels: number, fetchMaxBytes?: number): number[] =>
      levelBuffers(new OptionsCheck('test'), undefined, levels, fetchMaxBytes).map(
        ({ bufferBytes }) => bufferBytes / MIB,
      );
    assert.deepEqual(parts(3, 50 * MIB), [7, 7, 50]);
    assert.deepEqual(parts(2, MIB), [32, 32]);
    assert.deepEqual(parts(4), [16, 16, 16, 16]);
    assert.deepEqual([parts(1), parts(1, 80 * MIB)], [[64], [80]]);
    assert.deepEqual(parts(3, 80 * MIB), [1, 1, 80], 'more than that, so that the others have something');
    assert.deepEqual(parts(16, 50 * MIB), [...Array<number>(15).fill(1), 50]);
  });

  it('in bytes: a level that is behind fills no more than its part where no budget is given', async () => {
    const KIB = 1024;
    const bundle = await started({ capacity: 1, maxPollRecords: 1, partitions: 1, fetchMaxBytes: 63 * KIB * KIB });
    const { give, listener } = bundle;
    give(0, 10, { value: Buffer.alloc(200 * KIB) });
    await until(() => listener.order === '0');
    await settled();
    assert.equal(queuedBytes(bundle)[0], 600 * KIB, 'more than half of 1 MiB, so it polls no more');
    await stopped(bundle);
  });

  it('in bytes: a level that is behind fills its part and no other, however large its records', async () => {
    const bundle = await started({
      capacity: 1,
      policy: 'strict',
      starvation: 'allow',
      buffer: { bytes: 3_000 },
      maxPollRecords: 1,
      partitions: 1,
    });
    const { give, listener, container } = bundle;
    give(0, 100, { value: Buffer.alloc(400) });
    await until(() => listener.order === '0' && (queuedBytes(bundle)[0] ?? 0) > 500);
    give(2, 3, { value: Buffer.alloc(400) });
    await until(() => container.level(2).isReady && (queuedBytes(bundle)[2] ?? 0) > 500);
    assert.ok((queuedBytes(bundle)[0] ?? 0) <= 500 + 400, `${queuedBytes(bundle).join()} bytes`);
    listener.calls.items[0]?.end();
    await until(() => listener.order === '02');
    await stopped(bundle);
  });
});
