import assert from 'node:assert/strict';
import { Headers, type ConsumerRecord } from '@hearken/core';
import { aRecord } from '@hearken/testing';
import fc from 'fast-check';
import { packRecords, unpackRecords, type CrossingRecords } from '../../dist/worker/crossing-record.js';
import { decoded } from './threads.js';

/** As piscina posts it: transferred, so that the sender has it no more. */
const cross = (packed: CrossingRecords): CrossingRecords =>
  structuredClone(packed, { transfer: [packed.bytes.buffer] });

const across = (...records: ConsumerRecord<unknown, unknown>[]): ConsumerRecord<unknown, unknown>[] =>
  unpackRecords(cross(packRecords(records)));

/** Headers compare as what they hold. */
const shown = (record: ConsumerRecord<unknown, unknown>): unknown => ({ ...record, headers: [...record.headers] });

/** A fetch response: slices of it are what the client hands out. */
const RESPONSE = Buffer.alloc(1 << 20, 1);
const slice = fc.tuple(fc.nat(1000), fc.nat(300)).map(([at, length]) => RESPONSE.subarray(at, at + length));
const bytes = fc.option(slice, { nil: null });

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.boolean(), fc.date(), slice, fc.constant(undefined)),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
    fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => new Map(entries)),
    fc.array(fc.integer()).map((items) => new Set(items)),
    fc.float32Array(),
  ),
})).value;

const record: fc.Arbitrary<ConsumerRecord<unknown, unknown>> = fc
  .record({
    topic: fc.string(),
    partition: fc.nat(),
    offset: fc.maxSafeNat(),
    timestamp: fc.integer({ min: -1 }),
    timestampType: fc.constantFrom('create-time' as const, 'log-append-time' as const),
    key: fc.oneof(bytes, value),
    value: fc.oneof(bytes, value),
    headers: fc.array(fc.tuple(fc.constantFrom('a', 'b', ''), bytes)).map((pairs) => Headers.from(pairs)),
    leaderEpoch: fc.option(fc.nat(), { nil: undefined }),
  })
  .map(({ leaderEpoch, ...rest }) => (leaderEpoch === undefined ? rest : { ...rest, leaderEpoch }));

describe('a record that goes to a thread', () => {
  it('comes out as it went in, whatever it holds, and leaves what it was made of alone', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), (records) => {
        const before = records.map(shown);
        assert.deepEqual(across(...records).map(shown), before);
        assert.deepEqual(records.map(shown), before, 'the container has its records still');
      }),
    );
    assert.equal(RESPONSE.length, 1 << 20, 'and the response is still there');
  });

  it('takes its own bytes along, and nothing of the response they are cut from', () => {
    const [key, body, header] = [RESPONSE.subarray(0, 8), RESPONSE.subarray(100, 300), RESPONSE.subarray(500, 504)];
    const { bytes: block } = packRecords([aRecord({ key, value: body, headers: { h: [header, null] } })]);
    assert.equal(block.buffer.byteLength, 8 + 200 + 4);
    const nested = packRecords([decoded(null, { blob: body, list: [new Map([['k', header]])] })]);
    assert.ok(nested.bytes.buffer.byteLength < 400, `takes ${nested.bytes.buffer.byteLength} bytes`);
  });

  it('can be empty: no key, no value, no headers', () => {
    const [empty] = across(aRecord());
    assert.deepEqual(empty, aRecord());
    assert.deepEqual(across(aRecord({ key: '', value: '' })), [aRecord({ key: '', value: '' })]);
  });

  it('has Buffers for Buffers, also inside what a serde made', () => {
    const [out] = across(decoded({ id: Buffer.from('id') }, [Buffer.from('€')]));
    assert.deepEqual(out?.value, [Buffer.from('€')]);
    assert.equal(String((out.key as { id: Buffer }).id), 'id');
  });

  it('keeps a value that refers to itself, and of an instance its fields', () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    class Money {
      readonly cents = 12n;
    }
    const [out] = across(decoded(cyclic, new Money()));
    assert.equal((out?.key as typeof cyclic).self, out?.key);
    assert.deepEqual(out?.value, { cents: 12n });
  });

  it('cannot hold a function', () => {
    assert.throws(() => packRecords([decoded(null, { now: () => 1 })]), /could not be cloned/);
  });
});
