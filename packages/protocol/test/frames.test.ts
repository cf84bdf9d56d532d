import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  apiVersionsApi,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  errorCodes,
  heartbeatApi,
  negotiate,
  produceApi,
  readCorrelationId,
  readRequestKind,
} from '@hearken/protocol';

const heartbeat = { groupId: 'g', generationId: 3, memberId: 'm', groupInstanceId: null };
const header = { correlationId: 258, clientId: 'me' };
const unsized = (chunks: Buffer[]): Buffer => Buffer.concat(chunks).subarray(4);

describe('frames', () => {
  it('a request is its size, header version 1 and the body', () => {
    const frame = Buffer.concat(encodeRequest(heartbeatApi, 0, header, heartbeat));
    const expected = ['00000016', '000c', '0000', '00000102', '00026d65', '000167', '00000003', '00016d'];
    assert.equal(frame.toString('hex'), expected.join(''));
  });

  it('a flexible request has header version 2: the client id stays classic, tags follow', () => {
    const frame = Buffer.concat(encodeRequest(heartbeatApi, 4, header, heartbeat));
    const expected = ['00000017', '000c', '0004', '00000102', '00026d65', '00', '0267', '00000003', '026d', '00', '00'];
    assert.equal(frame.toString('hex'), expected.join(''));
  });

  it('a request without a client id says null', () => {
    const frame = unsized(encodeRequest(heartbeatApi, 0, { correlationId: 1, clientId: null }, heartbeat));
    assert.equal(frame.readInt16BE(8), -1);
    assert.equal(decodeRequest(heartbeatApi, frame).header.clientId, null);
  });

  it('come back in every version, in both directions', () => {
    for (let version = 0; version <= heartbeatApi.maxVersion; version++) {
      const request = unsized(encodeRequest(heartbeatApi, version, header, heartbeat));
      assert.deepEqual(readRequestKind(request), { apiKey: 12, version });
      assert.deepEqual(decodeRequest(heartbeatApi, request), { version, header, request: heartbeat });

      const answer = { throttleTimeMs: version >= 1 ? 5 : 0, errorCode: 27 };
      const response = unsized(encodeResponse(heartbeatApi, version, 258, answer));
      assert.equal(readCorrelationId(response), 258);
      assert.deepEqual(decodeResponse(heartbeatApi, version, response), answer);
    }
  });

  it('a produce request holds its batches uncopied', () => {
    const records = Buffer.alloc(100_000);
    const request = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1,
      topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
    };
    const chunks = encodeRequest(produceApi, 9, header, request);
    assert.ok(chunks.includes(records));
    assert.equal(chunks[0]!.readInt32BE(0), Buffer.concat(chunks).length - 4);
  });

  it('a request of another API is refused', () => {
    const frame = unsized(encodeRequest(heartbeatApi, 0, header, heartbeat));
    assert.throws(() => decodeRequest(produceApi, frame), { name: 'ProtocolError', code: 'MALFORMED' });
  });

  it('too short to hold a correlation id is malformed', () => {
    for (let size = 0; size < 4; size++) {
      assert.throws(() => readCorrelationId(Buffer.alloc(size)), { code: 'MALFORMED' });
      assert.throws(() => decodeResponse(heartbeatApi, 0, Buffer.alloc(size)), { code: 'MALFORMED' });
      assert.throws(() => readRequestKind(Buffer.alloc(size).subarray(0, 3)), { code: 'MALFORMED' });
    }
  });
});

describe('ApiVersions', () => {
  const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 2 }];

  it('keeps response header version 0 in flexible versions', () => {
    const answer = { errorCode: 0, apiKeys, throttleTimeMs: 0 };
    const frame = unsized(encodeResponse(apiVersionsApi, 3, 1, answer));
    assert.equal(frame.toString('hex'), ['00000001', '0000', '02', '001200000002', '00', '00000000', '00'].join(''));
    assert.deepEqual(decodeResponse(apiVersionsApi, 3, frame), answer);
  });

  it('refused is answered in version 0, whatever version was asked', () => {
    const refusal = { errorCode: errorCodes.UNSUPPORTED_VERSION, apiKeys, throttleTimeMs: 0 };
    for (let version = 0; version <= apiVersionsApi.maxVersion; version++) {
      const frame = unsized(encodeResponse(apiVersionsApi, version, 1, refusal));
      assert.equal(frame.toString('hex'), ['00000001', '0023', '00000001', '001200000002'].join(''));
      assert.deepEqual(decodeResponse(apiVersionsApi, version, frame), refusal);
    }
  });
});

describe('negotiate', () => {
  const ours = { minVersion: 3, maxVersion: 9 };
  const table: [min: number, max: number, expected: number | undefined][] = [
    [0, 12, 9],
    [3, 9, 9],
    [0, 5, 5],
    [5, 7, 7],
    [9, 20, 9],
    [0, 3, 3],
    [0, 2, undefined],
    [10, 12, undefined],
  ];
  for (const [minVersion, maxVersion, expected] of table) {
    it(`with a broker of ${minVersion} to ${maxVersion} is ${expected ?? 'nothing'}`, () => {
      assert.equal(negotiate(ours, { minVersion, maxVersion }), expected);
    });
  }

  it('is nothing if the broker does not know the API', () => {
    assert.equal(negotiate(ours, undefined), undefined);
  });

  it('is the highest version in both ranges, and only then nothing when there is none', () => {
    const range = fc.tuple(fc.nat(20), fc.nat(20)).map(([min, more]) => ({ minVersion: min, maxVersion: min + more }));
    fc.assert(
      fc.property(range, range, (a, b) => {
        const within = (v: number) => v >= a.minVersion && v <= a.maxVersion && v >= b.minVersion && v <= b.maxVersion;
        const all = Array.from({ length: 50 }, (_, version) => version).filter(within);
        assert.equal(negotiate(a, b), all.at(-1));
      }),
    );
  });
});
