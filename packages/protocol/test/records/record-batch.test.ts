import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
  BATCH_OVERHEAD,
  controlRecordType,
  crc32c,
  encodeRecordBatch,
  estimateRecordSize,
  ProtocolError,
  RecordBatch,
  registerCompression,
  writeProducerState,
  type BatchRecord,
  type RecordBatchOptions,
  type RecordCursor,
} from '@hearken/protocol';
import { damaged, onlyProtocolErrors } from '../support/hostile.js';
import { readRecords } from '../support/records.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const bytesOrNull = fc.option(bytes(300));
const header = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 80 }), bytesOrNull);
const record: fc.Arbitrary<BatchRecord> = fc.record(
  {
    key: bytesOrNull,
    value: bytesOrNull,
    timestamp: fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }), fc.nat(2 ** 52)),
    headers: fc.array(header, { maxLength: 4 }),
  },
  { requiredKeys: ['key', 'value', 'timestamp'] },
);
const records = fc.array(record, { minLength: 1, maxLength: 30 });

const text = (value: string): BatchRecord => ({ key: null, value: Buffer.from(value), timestamp: 1 });

/** Sets bytes of a batch and makes its checksum right again, as a hostile broker would. */
function patched(batch: Buffer, patch: (batch: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  patch(copy);
  copy.writeUInt32BE(crc32c(copy, 21), 17);
  return copy;
}

describe('encodeRecordBatch', () => {
  for (const compression of ['none', 'gzip', 'snappy', 'lz4'] as const) {
    it(`writes what is read again (${compression})`, async () => {
      await fc.assert(
        fc.asyncProperty(records, fc.nat(2 ** 50), async (list, baseOffset) => {
          const batch = await encodeRecordBatch(list, { compression, baseOffset });
          const expected = list.map(({ headers = [], ...rest }, i) => ({
            ...rest,
            headers: [...headers],
            offset: baseOffset + i,
          }));
          assert.deepEqual(await readRecords(batch), expected);
        }),
      );
    });
  }

  it('takes at most what estimateRecordSize says', () => {
    fc.assert(
      fc.property(records, (list) => {
        const estimate = list.reduce((sum, one) => sum + estimateRecordSize(one), BATCH_OVERHEAD);
        assert.ok(encodeRecordBatch(list, {}).length <= estimate);
      }),
    );
  });

  it('compresses what is large on the thread pool, and small batches at once', async () => {
    const small = encodeRecordBatch([text('a')], { compression: 'gzip' });
    assert.ok(Buffer.isBuffer(small));
    const value = 'x'.repeat(100_000);
    const large = encodeRecordBatch([text(value)], { compression: 'gzip' });
    assert.ok(large instanceof Promise);
    const batch = await large;
    assert.ok(batch.length < 1000);
    assert.equal((await readRecords(batch))[0]?.value?.toString(), value);
  });

  it('writes the greatest timestamp, the flags and the producer', () => {
    const list = [5, 9, 7].map((timestamp) => ({ key: null, value: null, timestamp }));
    const options = { producerId: 2 ** 40, producerEpoch: 3, baseSequence: 11, transactional: true };
    const [batch] = RecordBatch.readAll(encodeRecordBatch(list, options));
    assert.equal(batch!.maxTimestamp, 9);
    assert.equal(batch!.firstTimestamp, 5);
    assert.deepEqual(
      [batch!.producerId, batch!.producerEpoch, batch!.baseSequence, batch!.isTransactional, batch!.isControl],
      [2 ** 40, 3, 11, true, false],
    );
  });

  const refusals: [name: string, list: BatchRecord[], options: RecordBatchOptions, code: string][] = [
    ['no records', [], {}, 'OUT_OF_RANGE'],
    ['a timestamp that is no integer', [{ key: null, value: null, timestamp: 1.5 }], {}, 'OUT_OF_RANGE'],
    ['a later timestamp that is no integer', [text('a'), { ...text('b'), timestamp: 1.5 }], {}, 'OUT_OF_RANGE'],
    ['a timestamp that is no number', [{ key: null, value: null, timestamp: NaN }], {}, 'OUT_OF_RANGE'],
    ['an epoch beyond int16', [text('a')], { producerEpoch: 32768 }, 'OUT_OF_RANGE'],
    ['a sequence beyond int32', [text('a')], { baseSequence: 2 ** 31 }, 'OUT_OF_RANGE'],
    ['a producer id beyond 2^53', [text('a')], { producerId: 2 ** 53 }, 'OUT_OF_RANGE'],
  ];
  for (const [name, list, options, code] of refusals) {
    it(`refuses ${name}`, () => {
      assert.throws(() => void encodeRecordBatch(list, options), { name: 'ProtocolError', code });
    });
  }
});

describe('writeProducerState', () => {
  it('makes the batch that would have been written with it', () => {
    const list = [text('a'), text('b')];
    const state = { producerId: 4_000_000_000, producerEpoch: 2, baseSequence: 2 ** 31 - 1 };
    const batch = encodeRecordBatch(list, {});
    writeProducerState(batch, state);
    assert.deepEqual(batch, encodeRecordBatch(list, state));
  });
});

describe('RecordBatch', () => {
  it('gives keys and values as buffers over the bytes it was read from', () => {
    const batch = encodeRecordBatch([{ key: Buffer.from('key'), value: Buffer.from('value'), timestamp: 1 }], {});
    const frame = Buffer.concat([Buffer.from('something else'), batch]).subarray('something else'.length);
    const cursor = RecordBatch.readAll(frame)[0]!.records() as RecordCursor;
    assert.ok(cursor.next());
    for (const part of [cursor.key, cursor.value]) {
      assert.ok(Buffer.isBuffer(part));
      assert.equal(part.buffer, frame.buffer);
    }
    assert.equal(cursor.key?.toString(), 'key');
    assert.equal(cursor.value?.toString(), 'value');
  });

  const batch = encodeRecordBatch([text('one'), text('two'), { ...text('three'), headers: [['h', null]] }], {});

  it('reads a batch that compaction emptied, whose offsets count still', () => {
    const emptied = patched(batch.subarray(0, BATCH_OVERHEAD), (bytes) => {
      bytes.writeInt32BE(0, 57);
      bytes.writeInt32BE(BATCH_OVERHEAD - 12, 8);
    });
    const [read] = RecordBatch.readAll(emptied);
    assert.equal(read!.recordCount, 0);
    assert.equal(read!.nextOffset, 3);
    const cursor = read!.records();
    assert.ok(!(cursor instanceof Promise));
    assert.equal(cursor.next(), false);
  });

  it('keeps saying that there is no next record', async () => {
    const [read] = RecordBatch.readAll(batch);
    const cursor = await read!.records();
    while (cursor.next());
    assert.equal(cursor.next(), false);
  });

  it('hands out keys and values without copying', async () => {
    const [read] = RecordBatch.readAll(batch);
    const cursor = await read!.records();
    assert.ok(cursor.next());
    assert.equal(cursor.value!.buffer, batch.buffer);
  });

  const refusals: [name: string, patch: (bytes: Buffer) => void, code: string][] = [
    ['a format before 0.11', (bytes) => bytes.writeInt8(1, 16), 'UNSUPPORTED_BATCH'],
    ['a negative size', (bytes) => bytes.writeInt32BE(-5, 8), 'MALFORMED'],
    ['a size below its own header', (bytes) => bytes.writeInt32BE(40, 8), 'MALFORMED'],
    ['a size of nothing, which would be read for ever', (bytes) => bytes.writeInt32BE(-12, 8), 'MALFORMED'],
    ['a negative base offset', (bytes) => bytes.writeInt32BE(-1, 0), 'MALFORMED'],
    ['a last offset below the first', (bytes) => bytes.writeInt32BE(-1, 23), 'MALFORMED'],
    ['a negative count', (bytes) => bytes.writeInt32BE(-1, 57), 'MALFORMED'],
    ['an offset beyond 2^53', (bytes) => bytes.writeInt32BE(0x7fffffff, 0), 'OUT_OF_RANGE'],
    ['more records than there are', (bytes) => bytes.writeInt32BE(4, 57), 'MALFORMED'],
    ['a huge count', (bytes) => bytes.writeInt32BE(0x7fffffff, 57), 'MALFORMED'],
    ['fewer records than there are', (bytes) => bytes.writeInt32BE(2, 57), 'MALFORMED'],
    ['an unknown compression', (bytes) => bytes.writeInt16BE(7, 21), 'UNSUPPORTED_COMPRESSION'],
    ['gzip that is none', (bytes) => bytes.writeInt16BE(1, 21), 'CORRUPT_BATCH'],
  ];
  for (const [name, patch, code] of refusals) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(readRecords(patched(batch, patch)), { name: 'ProtocolError', code });
    });
  }

  it('is a value or a ProtocolError, whatever bytes are wrong in it', () => {
    const decode = (damage: Buffer) => {
      onlyProtocolErrors(() => {
        for (const read of RecordBatch.readAll(damage, { checkCrcs: false })) {
          if (read.compression !== 'none') continue;
          const cursor = read.records();
          assert.ok(!(cursor instanceof Promise));
          while (cursor.next()) assert.ok(controlRecordType(cursor));
        }
      });
    };
    const rich = encodeRecordBatch(
      [
        { key: Buffer.from('key'), value: Buffer.alloc(300, 1), timestamp: 1, headers: [['a', Buffer.from('b')]] },
        { key: null, value: null, timestamp: 2 ** 50, headers: [['c', null]] },
      ],
      {},
    );
    fc.assert(fc.property(damaged(rich), decode), { numRuns: 5000 });
  });

  it('reaches as far as reading all of them does, wherever the last is cut off and whatever bytes are wrong', () => {
    const log = Buffer.concat([0, 2, 7].map((baseOffset) => encodeRecordBatch([text('a'), text('b')], { baseOffset })));
    for (let at = 0, epoch = 3; at < log.length; at += 12 + log.readInt32BE(at + 8)) log.writeInt32BE(epoch++, at + 12);
    const whole = (bytes: Buffer): RecordBatch[] => RecordBatch.readAll(bytes, { checkCrcs: false });
    fc.assert(
      fc.property(
        fc.oneof(
          damaged(log),
          fc.nat(log.length).map((end) => log.subarray(0, end)),
        ),
        (bytes) => {
          const extent = RecordBatch.extentOf(bytes);
          const last = whole(bytes.subarray(0, extent.bytes)).at(-1);
          assert.deepEqual(extent, {
            bytes: whole(bytes.subarray(0, extent.bytes)).reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0),
            nextOffset: last?.nextOffset ?? -1,
            leaderEpoch: last?.partitionLeaderEpoch ?? -1,
            error: extent.error,
          });
          if (extent.error === undefined) assert.equal(whole(bytes).at(-1)?.nextOffset ?? -1, extent.nextOffset);
          else assert.throws(() => whole(bytes), { message: (extent.error as ProtocolError).message });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('has headers that are a value or a ProtocolError, whatever bytes are wrong in them', async () => {
    const headers: [string, Buffer | null][] = [
      ['name', Buffer.from('value')],
      ['other', null],
    ];
    const one = encodeRecordBatch([{ key: null, value: null, timestamp: 1, headers }], {});
    await fc.assert(
      fc.asyncProperty(damaged(one.subarray(BATCH_OVERHEAD)), async (damage) => {
        const whole = Buffer.concat([one.subarray(0, BATCH_OVERHEAD), damage]);
        await readRecords(whole, { checkCrcs: false }).catch((error: unknown) => {
          if (!(error instanceof ProtocolError)) throw error;
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('rounds a timestamp that only a broken producer writes, rather than never get past it', async () => {
    const broken = patched(batch, (bytes) => bytes.writeBigInt64BE(2n ** 62n, 27));
    assert.equal((await readRecords(broken))[0]?.timestamp, 2 ** 62);
  });

  it('refuses a gzip bomb before it is unfolded', async () => {
    // 300 times a mebibyte of zeros in 300 kB: above the limit of 256 MiB.
    const bomb = Buffer.concat(Array<Buffer>(300).fill(gzipSync(Buffer.alloc(1024 * 1024))));
    const batch = patched(encodeRecordBatch([text('a')], {}).subarray(0, BATCH_OVERHEAD), (bytes) => {
      bytes.writeInt16BE(1, 21);
      bytes.writeInt32BE(BATCH_OVERHEAD - 12 + bomb.length, 8);
    });
    const bytes = Buffer.concat([batch, bomb]);
    await assert.rejects(readRecords(bytes, { checkCrcs: false }), { code: 'CORRUPT_BATCH' });
  });
});

// The registry is the process's: no other test may use zstd.
describe('registerCompression', () => {
  it('makes a compression known in both directions, with promises or without', async () => {
    const reversed = (bytes: Buffer) => Buffer.from(bytes).reverse();
    for (const codec of [
      { compress: reversed, decompress: reversed },
      {
        compress: (bytes: Buffer) => Promise.resolve(reversed(bytes)),
        decompress: (bytes: Buffer) => Promise.resolve(reversed(bytes)),
      },
    ]) {
      registerCompression('zstd', codec);
      const batch = await encodeRecordBatch([text('a'), text('b')], { compression: 'zstd' });
      assert.equal(RecordBatch.readAll(batch)[0]?.compression, 'zstd');
      const values = (await readRecords(batch)).map(({ value }) => value?.toString());
      assert.deepEqual(values, ['a', 'b']);
    }
  });

  it('wraps what a codec throws or rejects with', async () => {
    const cause = new Error('bad frame');
    const batch = await encodeRecordBatch([text('a')], { compression: 'zstd' });
    for (const decompress of [
      () => {
        throw cause;
      },
      () => Promise.reject(cause),
    ]) {
      registerCompression('zstd', { compress: (bytes) => bytes, decompress });
      await assert.rejects(readRecords(batch), { name: 'ProtocolError', code: 'CORRUPT_BATCH', cause });
    }
  });
});
