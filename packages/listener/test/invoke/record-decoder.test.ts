import assert from 'node:assert/strict';
import { bytes, DeserializationError, string, type Serde } from '@hearken/core';
import { aRecord, eventLoopTurn } from '@hearken/testing';
import { recordDecoder } from '../../dist/invoke/record-decoder.js';

const record = aRecord({ topic: 'orders', partition: 3, offset: 17, key: 'k', value: 'v', headers: { h: '1' } });
const asynchronous: Serde<string> = {
  serialize: (value) => Buffer.from(value),
  deserialize: (value) => (value === null ? Promise.reject(new Error('null')) : Promise.resolve(value.toString())),
};

describe('recordDecoder', () => {
  it('hands the raw record through without serdes', () => {
    assert.equal(recordDecoder(undefined, undefined)(record), record);
  });

  it('makes no promise where the serdes make none', () => {
    const decoded = recordDecoder(string(), undefined)(record);
    assert.ok(!(decoded instanceof Promise));
    assert.deepEqual([decoded.key, decoded.value], ['k', record.value]);
    assert.equal(decoded.headers, record.headers);
    assert.ok(!('leaderEpoch' in decoded));
  });

  it('waits for asynchronous serdes', async () => {
    const decoded = await recordDecoder(bytes(), asynchronous)(record);
    assert.deepEqual([decoded.key, decoded.value, decoded.offset], [record.key, 'v', 17]);
  });

  it('says which part of which record cannot be decoded, and keeps its bytes', async () => {
    const isIt = (part: string) => (error: unknown) => {
      assert.ok(error instanceof DeserializationError);
      assert.equal(error.part, part);
      assert.match(error.message, new RegExp(`the ${part} of orders-3 offset 17`));
      assert.ok(error.cause instanceof Error);
      return true;
    };
    const tombstone = aRecord({ topic: 'orders', partition: 3, offset: 17 });
    assert.throws(() => recordDecoder(undefined, string())(tombstone), isIt('value'));
    await assert.rejects(async () => recordDecoder(asynchronous, undefined)(tombstone), isIt('key'));
  });

  it('leaves no rejection behind where both parts fail, one of them later', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const failing: Serde<string> = { ...string(), deserialize: () => assert.fail('at once') };
    const tombstone = aRecord({ topic: 'orders', partition: 3, offset: 17 });
    assert.throws(() => recordDecoder(asynchronous, failing)(tombstone), { part: 'value' });
    await eventLoopTurn();
    process.off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });
});
