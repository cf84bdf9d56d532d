import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KafkaConfigError } from '@hearken/core';
import { FakeConsumerFactory } from '@hearken/testing';
import { partOf } from '../../dist/container/level-buffers.js';
import { PriorityListenerContainer, type PriorityContainerProperties } from '../../dist/index.js';
import { setup, started, stopped, until, type Own } from './setup.js';

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
