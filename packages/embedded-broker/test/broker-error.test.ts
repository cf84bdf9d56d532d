import assert from 'node:assert/strict';
import { BrokerError } from '../dist/broker-error.js';

describe('BrokerError', () => {
  it('has the code of its name', () => {
    assert.equal(new BrokerError('NOT_COORDINATOR').errorCode, 16);
  });
});
