import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';
import { encodeRecordBatch } from '@hearken/protocol';
import { AbortedTransactions } from '../../dist/consumer/aborted-transactions.js';
import type { ConsumedRecord } from '../../dist/consumer/consumed-record.js';
import { FetchBuffer } from '../../dist/consumer/fetch-buffer.js';

const AT = { topic: 'orders', partition: 3 };

interface Fields {
  readonly key: string | null;
  readonly value: string | null;
}

function fetched(...fields: readonly Fields[]): { bytes: Buffer; records: readonly ConsumedRecord[] } {
  const bytesOf = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
  const records = fields.map(({ key, value }) => ({
    key: bytesOf(key),
    value: bytesOf(value),
    timestamp: 5,
  }));
  const bytes = encodeRecordBatch(records, { baseOffset: 7 });
  const buffer = new FetchBuffer(AT, { position: 7, onReady: () => undefined });
  buffer.append(bytes, new AbortedTransactions([]), { checkCrcs: true });
  return { bytes, records: (buffer.take(10)?.records ?? []) as readonly ConsumedRecord[] };
}

describe('ConsumedRecord', () => {
  it('has key and value as views on what was fetched, and a spread has them too', () => {
    const { bytes, records } = fetched({ key: 'k', value: 'one' }, { key: 'kk', value: 'two' });
    const [first, second] = records;
    assert.deepEqual([String(second?.key), String(second?.value)], ['kk', 'two']);
    assert.deepEqual([String(first?.key), String(first?.value)], ['k', 'one']); // the cursor has moved on since
    assert.equal(first?.value?.buffer, bytes.buffer);
    const copy = { ...(first as ConsumerRecord) };
    assert.deepEqual([copy.key, copy.value], [Buffer.from('k'), Buffer.from('one')]);
  });

  it('tells null from empty', () => {
    const { records } = fetched({ key: null, value: '' }, { key: '', value: null });
    assert.deepEqual(
      records.map(({ key, value }) => [key, value]),
      [
        [null, Buffer.alloc(0)],
        [Buffer.alloc(0), null],
      ],
    );
  });
});
