import assert from 'node:assert/strict';
import { json, type KafkaConfigError } from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import { FakeConsumerFactory } from '@hearken/testing';
import { resolveContainerProperties } from '../dist/resolved-properties.js';
import { MessageListenerContainer, type ContainerProperties } from '../dist/index.js';

const listener = (): void => undefined;
const valid = { topics: ['t'], listener };

function resolve(properties: unknown, factory = new FakeConsumerFactory({ groupId: 'g' })) {
  return resolveContainerProperties(properties, factory);
}

/** The problems found, as "path: message". */
function problemsOf(properties: unknown, factory?: FakeConsumerFactory): string[] {
  try {
    resolve(properties, factory);
  } catch (error) {
    return (error as KafkaConfigError).problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('ContainerProperties', () => {
  it('have the documented defaults, and are frozen', () => {
    const resolved = resolve(valid);
    const { ordering, concurrency, ackMode, ackCount, ackTimeMs, syncCommits } = resolved;
    const { commitBefore, commitIntervalMs, bufferRecords, bufferBytes, windowRecords } = resolved;
    assert.deepEqual(
      {
        ordering,
        concurrency,
        ackMode,
        ackCount,
        ackTimeMs,
        syncCommits,
        commitBefore,
        commitIntervalMs,
        bufferRecords,
        bufferBytes,
        windowRecords,
      },
      {
        ordering: 'partition',
        concurrency: 1,
        ackMode: 'batch',
        ackCount: undefined,
        ackTimeMs: 5_000,
        syncCommits: false,
        commitBefore: false,
        commitIntervalMs: 100,
        bufferRecords: undefined,
        bufferBytes: 67_108_864,
        windowRecords: 100_000,
      },
    );
    const { pollTimeoutMs, startTimeoutMs, shutdownTimeoutMs, revokeDrainTimeoutMs, yieldAfterMs, groupId } = resolved;
    assert.deepEqual(
      { pollTimeoutMs, startTimeoutMs, shutdownTimeoutMs, revokeDrainTimeoutMs, yieldAfterMs, groupId },
      {
        pollTimeoutMs: 5_000,
        startTimeoutMs: 60_000,
        shutdownTimeoutMs: 10_000,
        revokeDrainTimeoutMs: 20_000,
        yieldAfterMs: 1,
        groupId: 'g',
      },
    );
    assert.ok(Object.isFrozen(resolved));
  });

  it('name every problem at once, with the nearest valid name', () => {
    const problems = problemsOf({
      topic: ['t'],
      listener: {},
      ordering: 'keys',
      ackMode: 'counts',
      concurrency: 0,
      valueSerde: {},
      bufferRecords: -1,
      bufferBytes: 0,
      errorHandler: 3,
    });
    const expected = [
      /^topic: is not an option; did you mean 'topics'\?/,
      /^listener: must be a function or have the method onMessage, got an object/,
      /^valueSerde: must have the method/,
      /^ordering: must be 'partition' or 'key' or 'none', got 'keys'; did you mean 'key'\?/,
      /^concurrency: must be a whole number >= 1, got 0/,
      /^ackMode: must be 'record' or 'batch' or .* or 'manual-immediate', got 'counts'; did you mean 'count'/,
      /^bufferRecords: /,
      /^bufferBytes: must be a whole number >= 1, got 0/,
      /^errorHandler: must have the method decide/,
      /^topics: exactly one of topics, topicPattern and topicPartitions is needed, got none/,
    ];
    for (const pattern of expected)
      assert.ok(
        problems.some((problem) => pattern.test(problem)),
        `${pattern}\n${problems.join('\n')}`,
      );
    assert.equal(problems.length, expected.length, problems.join('\n'));
  });

  it('refuse pairs that cannot be', () => {
    const executor = new AsyncTaskExecutor({ concurrency: 1 });
    const noGroup = new FakeConsumerFactory({ maxPollIntervalMs: 15_000 });
    const cases: [unknown, RegExp, FakeConsumerFactory?][] = [
      [{ ...valid, topicPattern: /t/ }, /^topics: exactly one.*got topics and topicPattern/],
      [{ ...valid, concurrency: 1, taskExecutor: executor }, /^taskExecutor: cannot go with concurrency/],
      [{ ...valid, nullKey: 'single' }, /^nullKey: needs ordering: 'key', got 'partition'/],
      [{ ...valid, ordering: 'none', keySelector: () => null }, /^keySelector: needs ordering: 'key', got 'none'/],
      [
        { ...valid, maxPartitionBufferShare: 0 },
        /^maxPartitionBufferShare: must be a number above 0 and up to 1, got 0/,
      ],
      [{ ...valid, syncCommits: true }, /^syncCommits: needs ackMode: 'record', got 'batch'/],
      [{ ...valid, ackMode: 'count' }, /^ackCount: is required with ackMode: 'count'/],
      [{ ...valid, ackCount: 5 }, /^ackCount: needs ackMode: 'count' or 'count-time', got 'batch'/],
      [{ ...valid, ackMode: 'count', ackCount: 5, ackTimeMs: 1 }, /^ackTimeMs: needs ackMode: 'time' or 'count-time'/],
      [{ ...valid, ackMode: 'time', commitIntervalMs: 1 }, /^commitIntervalMs: cannot go with ackMode: 'time'/],
      [
        { ...valid, ackMode: 'manual-immediate', commitIntervalMs: 1 },
        /^commitIntervalMs: cannot go with .*immediate'/,
      ],
      [
        { ...valid, commitBefore: true, ackMode: 'manual' },
        /^commitBefore: needs ackMode: 'record', or none.* got 'manual'/,
      ],
      [
        { ...valid, commitBefore: true, ordering: 'key' },
        /^commitBefore: cannot go with ordering: 'key': a commit covers/,
      ],
      [{ ...valid, commitBefore: true, syncCommits: true }, /^syncCommits: cannot go with commitBefore/],
      [{ ...valid, commitBefore: true, commitIntervalMs: 5 }, /^commitIntervalMs: cannot go with commitBefore/],
      [
        { topicPartitions: [{ topic: 't', partition: 0 }], listener, commitBefore: true },
        /^commitBefore: needs a groupId/,
        noGroup,
      ],
      [{ ...valid, shutdownTimeoutMs: 1 }, /^groupId: is required/, noGroup],
      [{ ...valid, groupId: 'x' }, /^revokeDrainTimeoutMs: must be below .* \(15000\), got 20000/, noGroup],
    ];
    for (const [properties, pattern, factory] of cases) {
      const problems = problemsOf(properties, factory);
      assert.ok(
        problems.some((problem) => pattern.test(problem)),
        `${pattern}\n${problems.join('\n')}`,
      );
    }
    assert.deepEqual(
      problemsOf({ topicPartitions: [{ topic: 't', partition: 0 }], listener, revokeDrainTimeoutMs: 1 }, noGroup),
      [],
    );
  });

  it('want one kind of listener, and batches only for a listener of batches', () => {
    const batches = { topics: ['t'], batchListener: () => undefined };
    assert.deepEqual(resolve(batches).batch, { maxRecords: 500, lingerMs: 0, by: 'key' });
    assert.deepEqual(problemsOf({ topics: ['t'] }), [
      'listener: exactly one of listener and batchListener is needed, got none',
    ]);
    assert.deepEqual(problemsOf({ ...valid, ...batches }), [
      'listener: exactly one of listener and batchListener is needed, got both',
    ]);
    assert.deepEqual(problemsOf({ ...valid, batch: { maxRecords: 5 } }), ['batch: needs a batchListener']);
    assert.match(problemsOf({ ...batches, batch: { by: 'any' } }).join(), /^batch.by: needs ordering: 'key'/);
    const mixed = { ...batches, ordering: 'key', batch: { by: 'any' } };
    assert.deepEqual(problemsOf(mixed), []);
    assert.match(
      problemsOf({ ...mixed, nullKey: 'single' }).join(),
      /^nullKey: 'single' cannot go with batch.by: 'any'/,
    );
    assert.match(
      problemsOf({ ...mixed, ackMode: 'record', syncCommits: true }).join(),
      /^syncCommits: cannot go with batch.by: 'any'/,
    );
    assert.deepEqual(problemsOf({ ...batches, batch: { maxRecords: 0, linger: 5 } }).length, 2);
    assert.deepEqual(problemsOf({ ...batches, batchListener: {} }).length, 1);
    const small = { ...batches, bufferRecords: 9, windowRecords: 8, batch: { maxRecords: 10 } };
    assert.deepEqual(problemsOf(small), [
      'bufferRecords: must hold a batch (batch.maxRecords, 10), got 9',
      'windowRecords: must hold a batch (batch.maxRecords, 10), got 8',
    ]);
    assert.match(
      problemsOf({ ...batches, commitBefore: true }).join(),
      /^commitBefore: cannot go with a batchListener/,
    );
  });

  it('refuse lists with wrong entries', () => {
    for (const topics of [[], [''], 't', [1]]) assert.equal(problemsOf({ listener, topics }).length, 1, String(topics));
    const good = { topic: 't', partition: 0 };
    for (const bad of [{}, { ...good, offset: -1 }, null, { ...good, partition: -1 }, { topic: '', partition: 0 }]) {
      assert.match(
        problemsOf({ listener, topicPartitions: [good, bad] }).join(),
        /^topicPartitions: must be a list of .*, number 1 is /,
      );
    }
    assert.match(problemsOf({ listener, topicPartitions: [] }).join(), /^topicPartitions: .* got an array of 0$/);
  });

  it('are checked with the factory and the dependencies', () => {
    const construct = (...args: unknown[]) => Reflect.construct(MessageListenerContainer, args) as unknown;
    const cases: [args: unknown[], problems: string[]][] = [
      [[], ['consumerFactory', 'listener', 'topics']],
      [[null, valid], ['consumerFactory']],
      [[{ groupId: 'g', createProducer: () => 1 }, valid], ['consumerFactory']],
      [[new FakeConsumerFactory({ groupId: 'g' }), valid, null], ['dependencies']],
      [
        [new FakeConsumerFactory({ groupId: 'g' }), valid, { logger: console.log, clok: 1 }],
        ['dependencies.clok', 'dependencies.logger'],
      ],
    ];
    for (const [args, paths] of cases) {
      assert.throws(
        () => construct(...args),
        (error: KafkaConfigError) => {
          assert.deepEqual(
            error.problems.map(({ path }) => path),
            paths,
          );
          return true;
        },
      );
    }
  });

  it('refuse an executor without its numbers: nothing would ever start', () => {
    const execute = (): void => undefined;
    const problems = problemsOf({ ...valid, taskExecutor: { execute, onAvailable: execute, concurrency: 5 } });
    assert.match(
      problems[0] ?? '',
      /^taskExecutor: must be a TaskExecutor with .* the numbers concurrency and available/,
    );
  });

  it('give the listener the types of its serdes', () => {
    interface Order {
      readonly id: string;
    }
    const factory = new FakeConsumerFactory({ groupId: 'g' });
    const typed = new MessageListenerContainer(factory, {
      topics: ['t'],
      valueSerde: json<Order>(),
      listener: ({ key, value }) => [key satisfies Buffer | null, value.id satisfies string],
    });
    const raw = new MessageListenerContainer(factory, {
      topics: ['t'],
      listener: ({ value }) => value satisfies Buffer | null,
    });
    const properties: ContainerProperties = valid;
    assert.ok(
      [typed, raw, new MessageListenerContainer(factory, properties)].every(({ state }) => state === 'created'),
    );
  });
});
