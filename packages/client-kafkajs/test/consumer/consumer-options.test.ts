import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { resolveConsumerOptions, type ResolvedConsumerOptions } from '../../dist/consumer/consumer-options.js';

function resolve(given: unknown): ResolvedConsumerOptions {
  const check = new OptionsCheck('test');
  const options = resolveConsumerOptions(check, given, 'options');
  check.throwIfAny();
  return options;
}

const problemsOf = (given: unknown): readonly string[] => {
  try {
    resolve(given);
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
};

describe('consumer options', () => {
  it('have defaults, and are frozen', () => {
    const options = resolve({});
    assert.deepEqual(options, {
      groupId: undefined,
      autoOffsetReset: 'latest',
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      maxPollIntervalMs: 300_000,
      maxPollRecords: 500,
      fetchMinBytes: 1,
      fetchMaxWaitMs: 500,
      fetchMaxBytes: 52_428_800,
      maxPartitionFetchBytes: 1_048_576,
      isolationLevel: 'read_committed',
      partitionAssignors: ['range', 'round-robin'],
      groupInstanceId: undefined,
      metadataMaxAgeMs: 60_000,
      requestTimeoutMs: 30_000,
      checkCrcs: true,
    });
    assert.ok(Object.isFrozen(options));
  });

  it('are all wrong at once', () => {
    const problems = problemsOf({ groupID: 'a', autoOffsetReset: 'newest', maxPollRecords: 0, partitionAssignors: [] });
    assert.equal(problems.length, 4);
    assert.match(problems[0] ?? '', /^options\.groupID .*did you mean 'groupId'/);
  });

  it('fit each other', () => {
    assert.match(
      problemsOf({ sessionTimeoutMs: 6_000, heartbeatIntervalMs: 2_001 }).join(),
      /^options\.heartbeat.*third/,
    );
    assert.match(
      problemsOf({ fetchMaxWaitMs: 30_000 }).join(),
      /^options\.fetchMaxWaitMs must be below requestTimeoutMs/,
    );
    assert.deepEqual(problemsOf({ sessionTimeoutMs: 6_000, heartbeatIntervalMs: 2_000 }), []);
    assert.equal(problemsOf({ fetchMaxWaitMs: 30_000, groupID: 'a', sessionTimeoutMs: 'x' }).length, 3);
    assert.equal(problemsOf({ sessionTimeoutMs: 'x', heartbeatIntervalMs: 40_000 }).length, 1);
  });

  it('take an id of a static member as brokers do', () => {
    for (const groupInstanceId of ['billing-1', 'a', 'A.b_c-9', 'x'.repeat(249)]) {
      assert.deepEqual(problemsOf({ groupInstanceId }), []);
    }
    for (const groupInstanceId of ['', '.', '..', 'a b', 'ä', 'x'.repeat(250), 7, null]) {
      assert.match(problemsOf({ groupInstanceId }).join(), /groupInstanceId must be 1 to 249 letters/);
    }
  });

  it('name known assignors, each once', () => {
    assert.deepEqual(problemsOf({ partitionAssignors: ['cooperative-sticky', 'kafkajs-round-robin', 'range'] }), []);
    assert.match(problemsOf({ partitionAssignors: ['range', 'sticky'] }).join(), /not 'sticky'/);
    assert.match(problemsOf({ partitionAssignors: ['range', 'range'] }).join(), /twice/);
    assert.match(problemsOf({ partitionAssignors: 'range' }).join(), /must be an array/);
  });
});
