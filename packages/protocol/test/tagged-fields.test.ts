import assert from 'node:assert/strict';
import { fetchApi, ProtocolError, Reader, type FetchResponse } from '@hearken/protocol';
import { read, write } from './support/apis.js';

const V12 = 12;

const answer = (divergingEpoch?: { readonly epoch: number; readonly endOffset: number }): FetchResponse => ({
  throttleTimeMs: 0,
  errorCode: 0,
  sessionId: 0,
  responses: [
    {
      topic: 't',
      topicId: 'A'.repeat(22),
      partitions: [
        {
          partitionIndex: 3,
          errorCode: 0,
          highWatermark: 0,
          lastStableOffset: 0,
          logStartOffset: 0,
          abortedTransactions: null,
          preferredReadReplica: -1,
          records: null,
          ...(divergingEpoch && { divergingEpoch }),
        },
      ],
    },
  ],
});

const hex = (response: FetchResponse): string => write(fetchApi, 'response', V12, response).toString('hex');

/** What ends the partition: the number of tags, then tag, size, epoch, end offset and no tags of the struct itself. */
const DIVERGED = '01' + '00' + '0d' + '00000007' + '000000000000002a' + '00';

describe('tagged fields', () => {
  it('stand behind the fields of their struct, and come back', () => {
    const response = answer({ epoch: 7, endOffset: 42 });
    assert.ok(hex(response).includes(DIVERGED));
    assert.deepEqual(read(fetchApi, 'response', V12, new Reader(Buffer.from(hex(response), 'hex'))), response);
  });

  it('take a byte where they are absent, and are absent when read', () => {
    assert.equal(hex(answer()).length, hex(answer({ epoch: 7, endOffset: 42 })).length - (DIVERGED.length - 2));
    assert.deepEqual(read(fetchApi, 'response', V12, new Reader(Buffer.from(hex(answer()), 'hex'))), answer());
  });

  it('are read beside others that nobody knows', () => {
    const others = '03' + DIVERGED.slice(2) + '01' + '01' + 'ff' + '09' + '02' + 'ffff';
    const bytes = Buffer.from(hex(answer({ epoch: 7, endOffset: 42 })).replace(DIVERGED, others), 'hex');
    assert.deepEqual(read(fetchApi, 'response', V12, new Reader(bytes)), answer({ epoch: 7, endOffset: 42 }));
  });

  it('cannot read beyond their own size', () => {
    const short = DIVERGED.replace('0d', '05');
    const bytes = Buffer.from(hex(answer({ epoch: 7, endOffset: 42 })).replace(DIVERGED, short), 'hex');
    assert.throws(() => read(fetchApi, 'response', V12, new Reader(bytes)), ProtocolError);
  });
});
