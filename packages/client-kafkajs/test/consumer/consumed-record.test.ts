import assert from 'node:assert/strict';
import { inspect } from 'node:util';
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
    headers: [['trace', Buffer.from('t-1')]] as const,
  }));
  const bytes = encodeRecordBatch(records, { baseOffset: 7 });
  const buffer = new FetchBuffer(AT, { position: 7, onReady: () => undefined });
  buffer.append(bytes, new AbortedTransactions([]), { checkCrcs: true });
  return { bytes, records: (buffer.take(10)?.records ?? []) as readonly ConsumedRecord[] };
}

describe('ConsumedRecord', () => {
  it('makes key and value when asked, once, as views on what was fetched', () => {
    const { bytes, records } = fetched({ key: 'k', value: 'one' }, { key: 'kk', value: 'two' });
    const [first, second] = records;
    assert.deepEqual([String(second?.key), String(second?.value)], ['kk', 'two']);
    assert.deepEqual([String(first?.key), String(first?.value)], ['k', 'one']); // the cursor has moved on since
    assert.equal(first?.value, first?.value);
    assert.equal(first?.key, first?.key);
    assert.equal(first?.value?.buffer, bytes.buffer);
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

  it('is shown whole by console.log and JSON.stringify, which see no getters', () => {
    const [record] = fetched({ key: 'k', value: 'one' }).records;
    const whole = { ...AT, offset: 7, timestamp: 5, timestampType: 'create-time', key: Buffer.from('k') };
    const shown = { ...whole, value: Buffer.from('one'), headers: [['trace', Buffer.from('t-1')]] };
    assert.equal(JSON.stringify(record), JSON.stringify(shown));
    assert.equal(inspect(record), inspect(shown));
  });

  it('is shown with the reason where its headers cannot be read', () => {
    const { bytes, records } = fetched({ key: 'k', value: 'one' });
    bytes[bytes.length - 1 - 't-1'.length] = 0x7e; // how long the header is
    const [record] = records;
    assert.throws(() => record?.headers, { code: 'MALFORMED' });
    assert.match(JSON.stringify(record), /"headers":"ProtocolError: .+"/);
    assert.match(inspect(record), /headers: 'ProtocolError: .+'/);
  });
});
