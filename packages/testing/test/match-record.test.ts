import assert, { AssertionError } from 'node:assert/strict';
import type { ProducerRecord } from '@hearken/core';
import { aRecord, assertRecord, assertRecords, matchRecord } from '@hearken/testing';

const record = aRecord({
  topic: 'orders',
  partition: 2,
  offset: 7,
  timestamp: 1_000,
  key: 'customer-7',
  value: '{"total":12}',
  headers: { source: 'web', trace: ['a', 'b'], empty: null },
});

describe('matchRecord', () => {
  it('looks at what is said and at nothing else', () => {
    assert.ok(matchRecord({})(record));
    assert.ok(matchRecord({ topic: 'orders', partition: 2, offset: 7, timestamp: 1_000 })(record));
    assert.ok(matchRecord({ topic: undefined as never, key: 'customer-7' })(record), 'undefined is not said');
    for (const [name, other] of Object.entries({
      topic: 'o',
      partition: 0,
      offset: 8,
      timestamp: 0,
      key: 'c',
      value: 1,
    })) {
      assert.ok(!matchRecord({ [name]: other })(record), name);
    }
  });

  it('compares bytes with text, JSON or bytes, as the pattern spells them', () => {
    assert.ok(matchRecord({ value: '{"total":12}' })(record));
    assert.ok(matchRecord({ value: { total: 12 } })(record));
    assert.ok(matchRecord({ value: Buffer.from('{"total":12}') })(record));
    assert.ok(!matchRecord({ value: { total: 13 } })(record));
    assert.ok(!matchRecord({ value: null })(record));
    assert.ok(matchRecord({ value: null, key: null })(aRecord({ value: null, key: null })));
    assert.ok(!matchRecord({ value: { total: 12 } })(aRecord({ value: 'no JSON' })));
    assert.ok(matchRecord({ value: 12 })(aRecord({ value: '12' })));
  });

  it('compares decoded values as they are', () => {
    const decoded = { ...record, headers: record.headers, key: 'customer-7', value: { total: 12, at: new Date(0) } };
    assert.ok(matchRecord({ key: 'customer-7', value: { total: 12, at: new Date(0) } })(decoded));
    assert.ok(!matchRecord({ value: { total: 12 } })(decoded));
  });

  it('takes the last value of a header, all of them, or its absence', () => {
    assert.ok(matchRecord({ headers: { source: 'web', trace: 'b', empty: null } })(record));
    assert.ok(matchRecord({ headers: { trace: ['a', 'b'], source: Buffer.from('web') } })(record));
    assert.ok(matchRecord({ headers: { missing: undefined, none: [] } })(record));
    for (const headers of [{ source: undefined }, { missing: 'x' }, { trace: ['b'] }, { trace: 'a' }, { empty: '' }]) {
      assert.ok(!matchRecord({ headers })(record), JSON.stringify(headers));
    }
  });

  it('matches what was sent, too', () => {
    const sent: ProducerRecord = { topic: 'orders', value: Buffer.from('{"total":12}'), headers: { source: 'web' } };
    assert.ok(matchRecord({ topic: 'orders', value: { total: 12 }, headers: { source: 'web' } })(sent));
    assert.ok(!matchRecord({ key: 'a' })(sent));
  });
});

describe('assertRecord', () => {
  it('passes what matches', () => assertRecord(record, { key: 'customer-7', headers: { source: 'web' } }));

  it('shows the difference, in words of the pattern, and leaves out the rest', () => {
    const wrong = { topic: 'orders', value: { total: 13 }, headers: { source: 'app' } };
    assert.throws(
      () => assertRecord(record, wrong),
      ({ name, actual, expected, message, stack }: AssertionError) => {
        assert.equal(name, 'AssertionError');
        assert.deepEqual(actual, { topic: 'orders', value: { total: 12 }, headers: { source: 'web' } });
        assert.deepEqual(expected, wrong);
        assert.match(message, /^\+ +total: 12$/m);
        assert.match(message, /^- +total: 13$/m);
        assert.doesNotMatch(stack ?? '', /testing.(?:src|dist).match-record/, 'the stack begins at the test');
        return true;
      },
    );
  });

  it('fails for a record that never came', () => {
    assert.throws(() => assertRecord([][0], { key: 'a' }), AssertionError);
  });
});

describe('assertRecords', () => {
  const records = [record, aRecord({ key: 'b', value: 'text' })];

  it('passes when each matches its own', () => assertRecords(records, [{ offset: 7 }, { key: 'b' }]));

  it('fails for a wrong order, too few, and too many, which it shows', () => {
    assert.throws(() => assertRecords(records, [{ key: 'b' }, { key: 'customer-7' }]), AssertionError);
    assert.throws(() => assertRecords(records, [{}, {}, { key: 'c' }]), AssertionError);
    assert.throws(() => assertRecords(records, [{}]), /topic: 'topic'/);
  });
});
