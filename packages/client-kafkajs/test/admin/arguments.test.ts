import assert from 'node:assert/strict';
import type { KafkaConfigError } from '@hearken/core';
import { requireArguments } from '../../dist/admin/arguments.js';

function problemsOf(given: Parameters<typeof requireArguments>[1]): string[] {
  try {
    requireArguments('call', given);
  } catch (error) {
    return (error as KafkaConfigError).problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

describe('arguments of admin calls', () => {
  it('pass if a request can hold them', () => {
    assert.deepEqual(problemsOf({ topic: 't', groupId: 'g', topics: ['t'], groupIds: [], to: 'earliest' }), []);
    assert.deepEqual(problemsOf({ onlyTopics: undefined, to: { timestamp: 0 } }), []);
  });

  it('are refused all at once', () => {
    const problems = problemsOf({ groupId: undefined, topics: ['t', 5], to: 'begining', onlyTopics: 't' });
    assert.deepEqual(problems, [
      'groupId is required',
      'topics must be a list of names, number 1 must be a non-empty string, got 5',
      "to must be 'earliest', 'latest' or { timestamp } in milliseconds since 1970, got 'begining'",
      "onlyTopics must be a list of names, got 't'",
    ]);
    const [groupId, names] = problemsOf({ groupId: 'g'.repeat(32_768), topics: ['é'.repeat(16_384)] });
    assert.equal(groupId, 'groupId must be at most 32767 bytes, got 32768');
    assert.match(names ?? '', /number 0 must be at most 32767 bytes, got 32768/);
    for (const to of [null, { timestamp: 'x' }, { timestamp: -1 }, { timestamp: new Date() }]) {
      assert.match(problemsOf({ to }).join(), /^to must be/);
    }
  });
});
