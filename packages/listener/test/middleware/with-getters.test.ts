import assert from 'node:assert/strict';
import { Headers, type ConsumerRecord } from '@hearken/core';
import { composeBatch } from '../../dist/middleware/compose-batch.js';
import { withGetters } from '../../dist/middleware/with-getters.js';

const AT = { topic: 't', partition: 0, offset: 3, timestamp: 1, timestampType: 'create-time' } as const;

/** Nothing asks for the context. */
const NOBODY = undefined as never;

/** As a consumer hands it out: what is made on first use lies behind getters. */
const record = Object.defineProperties(
  { ...AT },
  {
    key: { get: () => Buffer.from('k') },
    value: { get: () => Buffer.from('raw') },
    headers: { get: () => Headers.from({ trace: 't-1' }) },
  },
) as ConsumerRecord;

describe('withGetters', () => {
  it('gives a copy back what no spread takes along, but for what it was given', () => {
    const copy = { ...record, value: Buffer.from('other') };
    assert.equal('key' in copy, false);
    const given = withGetters(copy, record);
    assert.deepEqual([String(given.key), String(given.value)], ['k', 'other']);
    assert.equal(given.headers.string('trace'), 't-1');
  });

  it('leaves null to be null', () => {
    assert.equal(withGetters({ ...record, value: null }, record).value, null);
  });

  it('leaves what is complete as it is', () => {
    assert.equal(withGetters(record, record), record);
  });

  it('completes copies in a batch that were given headers, too', () => {
    const seen: (readonly ConsumerRecord<unknown, unknown>[])[] = [];
    const headers = Headers.from({ trace: 't-2' });
    const call = composeBatch(
      [(records, _, next) => next(records.map((one) => ({ ...one, headers })))],
      (records) => void seen.push(records),
    );
    call([record], NOBODY);
    const [given] = seen[0] ?? [];
    assert.deepEqual([String(given?.key), String(given?.value)], ['k', 'raw']);
    assert.equal(given?.headers, headers);
  });
});
