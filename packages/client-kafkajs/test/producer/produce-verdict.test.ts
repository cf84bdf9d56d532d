import assert from 'node:assert/strict';
import { errorCodes, isRetriableError } from '@hearken/protocol';
import { isRefusal, verdictOf } from '../../dist/producer/produce-verdict.js';

type ErrorName = keyof typeof errorCodes;

const verdict = (name: ErrorName, { records = 3, named = 0 } = {}) =>
  verdictOf({ errorCode: errorCodes[name], namedRecords: named }, { recordCount: records });

describe('the verdict on an answer', () => {
  it('a duplicate is written', () => {
    assert.equal(verdict('NONE'), 'written');
    assert.equal(verdict('DUPLICATE_SEQUENCE_NUMBER'), 'written');
  });

  it('only a batch of several records can be split', () => {
    for (const name of ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'] as const) {
      assert.equal(verdict(name), 'split');
      assert.equal(verdict(name, { records: 1 }), 'fail');
    }
  });

  it('named records are dropped whatever the code, and without names the batch fails', () => {
    assert.equal(verdict('INVALID_RECORD', { named: 1 }), 'drop-named');
    assert.equal(verdict('INVALID_TIMESTAMP', { named: 3 }), 'drop-named');
    assert.equal(verdict('INVALID_RECORD'), 'fail');
  });

  it('a sequence the broker does not take is judged by the batches around it', () => {
    for (const name of [
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'UNKNOWN_PRODUCER_ID',
      'INVALID_PRODUCER_EPOCH',
      'PRODUCER_FENCED',
    ] as const) {
      assert.equal(verdict(name), 'out-of-sequence');
    }
  });

  it("everything else is Kafka's own flag", () => {
    for (const name of [
      'NOT_LEADER_OR_FOLLOWER',
      'REQUEST_TIMED_OUT',
      'NOT_ENOUGH_REPLICAS',
      'CORRUPT_MESSAGE',
    ] as const) {
      assert.equal(verdict(name), 'retry');
    }
    for (const name of ['TOPIC_AUTHORIZATION_FAILED', 'UNKNOWN_SERVER_ERROR', 'INVALID_TOPIC_EXCEPTION'] as const) {
      assert.equal(verdict(name), 'fail');
    }
  });

  it('no retriable error but those found before the append proves that nothing was written', () => {
    const proving = Object.values(errorCodes).filter((code) => isRetriableError(code) && isRefusal(code));
    assert.deepEqual(
      proving.sort((a, b) => a - b),
      [errorCodes.CORRUPT_MESSAGE, errorCodes.NOT_ENOUGH_REPLICAS],
    );
  });
});
