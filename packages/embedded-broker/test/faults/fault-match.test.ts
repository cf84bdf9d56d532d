import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import { resolveFaultMatch, resolveRequestMatch, type FaultMatch } from '../../dist/faults/fault-match.js';

const problemsOf = (match: unknown): string[] => {
  try {
    resolveFaultMatch(match as FaultMatch);
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
};

describe('resolveFaultMatch', () => {
  it('takes every request of the API for ever, without more', () => {
    const { trigger } = resolveFaultMatch({ api: 'Fetch' });
    assert.deepEqual(trigger, { nth: 1, times: Infinity, probability: undefined, seed: 1 });
  });

  it('takes one request if it says which', () => {
    assert.equal(resolveFaultMatch({ api: 'Fetch', nth: 3 }).trigger.times, 1);
    assert.equal(resolveFaultMatch({ api: 'Fetch', nth: 3, times: 4 }).trigger.times, 4);
  });

  it('tells the API that was meant', () => {
    assert.deepEqual(problemsOf({ api: 'OffsetComit' }), [
      "api is no API that the broker serves: 'OffsetComit'; did you mean 'OffsetCommit'?",
    ]);
  });

  it('wants an API', () => {
    assert.deepEqual(problemsOf({}), ['api is required']);
  });

  it('tells the condition that was meant', () => {
    assert.deepEqual(problemsOf({ api: 'Fetch', topics: 'a' }), ["topics is not an option; did you mean 'topic'?"]);
  });

  it('refuses conditions that no request of the API can meet', () => {
    assert.deepEqual(problemsOf({ api: 'Heartbeat', topic: 'a', partition: 0 }), [
      'topic says nothing: Heartbeat requests do not tell their topic',
      'partition says nothing: Heartbeat requests do not tell their partition',
    ]);
    assert.equal(problemsOf({ api: 'Produce', group: 'g' }).length, 1);
    assert.equal(problemsOf({ api: 'CreateTopics', topic: 'a', partition: 0 }).length, 1);
    assert.deepEqual(problemsOf({ api: 'Metadata', topic: 'a', partition: 0 }), []);
  });

  it('refuses to count and to throw dice at once, and a seed without dice', () => {
    assert.deepEqual(problemsOf({ api: 'Fetch', nth: 2, probability: 0.5 }), [
      'nth cannot go together with probability',
    ]);
    assert.deepEqual(problemsOf({ api: 'Fetch', seed: 2 }), ['seed is of use only together with probability']);
    assert.deepEqual(problemsOf({ api: 'Fetch', probability: 0.5, times: 2, seed: -2 }), []);
  });

  it('lists everything that is wrong at once', () => {
    const wrong = { api: 'Fetch', nth: 0, times: 0.5, probability: 2, partition: -1, client: '' };
    const paths = problemsOf(wrong).map((problem) => problem.split(' ')[0]);
    assert.deepEqual(paths.sort(), ['client', 'nth', 'nth', 'partition', 'probability', 'times']);
  });
});

describe('resolveRequestMatch', () => {
  it('wants no API, and refuses what counts', () => {
    assert.equal(resolveRequestMatch({ group: 'g' }).group, 'g');
    assert.throws(() => resolveRequestMatch({ nth: 1 } as never), { code: 'INVALID_CONFIG' });
  });
});
