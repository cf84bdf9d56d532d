import assert from 'node:assert/strict';
import { errorCodes, errorName, isRetriableError } from '@hearken/protocol';

describe('error codes', () => {
  it('are all of Kafka 4.1, each once', () => {
    const codes = Object.values(errorCodes).sort((a, b) => a - b);
    assert.deepEqual(
      codes,
      Array.from({ length: 135 }, (_, i) => i - 1),
    );
  });

  const known: [code: number, name: string, retriable: boolean][] = [
    [-1, 'UNKNOWN_SERVER_ERROR', false],
    [0, 'NONE', false],
    [3, 'UNKNOWN_TOPIC_OR_PARTITION', true],
    [6, 'NOT_LEADER_OR_FOLLOWER', true],
    [10, 'MESSAGE_TOO_LARGE', false],
    [22, 'ILLEGAL_GENERATION', false],
    [27, 'REBALANCE_IN_PROGRESS', false],
    [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', false],
    [74, 'FENCED_LEADER_EPOCH', true],
    [100, 'UNKNOWN_TOPIC_ID', true],
    [133, 'SHARE_SESSION_LIMIT_REACHED', true],
  ];
  for (const [code, name, retriable] of known) {
    it(`${code} is ${name}, ${retriable ? 'retriable' : 'final'}`, () => {
      assert.equal(errorName(code), name);
      assert.equal(errorCodes[name as keyof typeof errorCodes], code);
      assert.equal(isRetriableError(code), retriable);
    });
  }

  it('newer than the table have a name and are final', () => {
    assert.equal(errorName(999), 'ERROR_999');
    assert.equal(isRetriableError(999), false);
  });
});
