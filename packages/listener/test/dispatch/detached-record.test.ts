import assert from 'node:assert/strict';
import { aRecord } from '@hearken/testing';
import { detached } from '../../dist/dispatch/detached-record.js';

/** As a fetch leaves it: all of it in one large buffer. */
function fetched() {
  const answer = Buffer.alloc(1_000_000, 'x');
  const headers = { h: answer.subarray(20, 30), none: null };
  const record = aRecord({
    key: answer.subarray(0, 5),
    value: answer.subarray(5, 20),
    headers,
    leaderEpoch: 3,
    offset: 7,
  });
  return { answer, record };
}

describe('detached', () => {
  it('is the same record, without the answer that it came in', () => {
    const { answer, record } = fetched();
    const copy = detached(record);
    assert.deepEqual({ ...copy, headers: [...copy.headers] }, { ...record, headers: [...record.headers] });
    for (const bytes of [copy.key, copy.value, copy.headers.get('h')]) assert.notEqual(bytes?.buffer, answer.buffer);
    assert.equal(detached(copy), copy, 'once is enough');
  });

  it('has no leader epoch where the record has none', () => {
    assert.ok(!('leaderEpoch' in detached(aRecord({ key: 'a' }))));
  });

  it('copies no record that is most of its answer', () => {
    const answer = Buffer.alloc(100_000);
    const record = aRecord({ key: answer.subarray(0, 5), value: answer.subarray(5, 90_000) });
    assert.equal(detached(record), record);
  });

  it('is as large as the record, and looks like it', () => {
    const { record } = fetched();
    const copy = detached({ ...record, sizeInBytes: 77 });
    assert.equal(copy.sizeInBytes, 77);
    assert.deepEqual(JSON.parse(JSON.stringify(copy)), JSON.parse(JSON.stringify(record))); // prettier-ignore
  });

  it('leaves it to whoever asks for headers to hear that they cannot be read', () => {
    const { answer, record } = fetched();
    const broken = new Error('record batch: a varint is longer than 32 bits');
    const unreadable = Object.defineProperty({ ...record }, 'headers', {
      get: () => {
        throw broken;
      },
    });
    const copy = detached(unreadable);
    assert.notEqual(copy.value?.buffer, answer.buffer);
    assert.throws(() => copy.headers, broken);
    assert.doesNotThrow(() => JSON.stringify(copy));
  });

  it('copies one without key and value: its headers are in an answer all the same', () => {
    const record = aRecord({ headers: { h: 'x' } });
    assert.notEqual(detached(record), record);
  });
});
