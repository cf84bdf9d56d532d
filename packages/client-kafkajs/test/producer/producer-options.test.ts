import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { resolveProducerOptions } from '../../dist/producer/producer-options.js';

function resolve(given: unknown) {
  const check = new OptionsCheck('KafkaProducer');
  const options = resolveProducerOptions(check, given, 'options');
  check.throwIfAny();
  return options;
}

function problems(given: unknown): string[] {
  try {
    resolve(given);
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
  return assert.fail('nothing was found wrong');
}

describe('producer options', () => {
  it('have the documented defaults', () => {
    assert.deepEqual(resolve(undefined), {
      acks: 'all',
      idempotent: true,
      lingerMs: 0,
      batchSizeBytes: 65_536,
      bufferMemoryBytes: 33_554_432,
      maxBlockMs: 60_000,
      maxWaitingRecords: 100_000,
      requestTimeoutMs: 30_000,
      deliveryTimeoutMs: 120_000,
      maxRequestBytes: 1_048_576,
      compression: 'none',
      partitioner: 'murmur2',
      allowAutoTopicCreation: true,
      metadataMaxAgeMs: 60_000,
    });
  });

  it('are frozen', () => assert.ok(Object.isFrozen(resolve({}))));

  it('switch idempotence off with fewer acks, and refuse it only when asked for', () => {
    assert.equal(resolve({ acks: 1 }).idempotent, false);
    assert.equal(resolve({ acks: 0 }).idempotent, false);
    assert.equal(resolve({ acks: 1, idempotent: false }).idempotent, false);
    assert.equal(resolve({ acks: 'all', idempotent: false }).idempotent, false);
    assert.match(problems({ acks: 1, idempotent: true })[0]!, /^options\.idempotent needs acks 'all'/);
  });

  it('lengthen the default delivery time-out, and refuse one that is too short', () => {
    assert.equal(resolve({ requestTimeoutMs: 200_000, lingerMs: 5 }).deliveryTimeoutMs, 200_005);
    const [problem] = problems({ deliveryTimeoutMs: 30_004, lingerMs: 5 });
    assert.match(problem!, /^options\.deliveryTimeoutMs must be at least lingerMs \+ requestTimeoutMs \(30005\)/);
    assert.equal(resolve({ deliveryTimeoutMs: 30_005, lingerMs: 5 }).deliveryTimeoutMs, 30_005);
  });

  it('want room for a batch in the buffer and in a request', () => {
    const found = problems({ batchSizeBytes: 2000, maxRequestBytes: 1999, bufferMemoryBytes: 100 });
    assert.deepEqual(
      found.map((text) => text.split(' ', 1)[0]),
      ['options.maxRequestBytes', 'options.bufferMemoryBytes'],
    );
  });

  it('tell everything that is wrong at once', () => {
    assert.equal(problems({ acks: 1, idempotent: true, lingerMS: 1 }).length, 2);
    assert.equal(problems({ acks: 7, idempotent: true, lingerMs: 'x', deliveryTimeoutMs: 1 }).length, 2);
    const found = problems({ acks: 2, lingerMS: 1, compression: 'zip', partitioner: 'sticky', maxBlockMs: -1 });
    assert.equal(found.length, 5);
    assert.ok(found.includes("options.acks must be 'all', 1 or 0, got 2"));
    assert.ok(found.some((text) => text.startsWith("options.lingerMS is not an option; did you mean 'lingerMs'?")));
    assert.ok(found.some((text) => text.startsWith("options.partitioner must be a function or 'murmur2'")));
  });
});
