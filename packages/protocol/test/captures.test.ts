import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  controlRecordType,
  decodeResponse,
  encodeResponse,
  errorName,
  fetchApi,
  joinGroupApi,
  listOffsetsApi,
  metadataApi,
  offsetFetchApi,
  produceApi,
  RecordBatch,
  type Api,
} from '@hearken/protocol';
import { apis, versionsOf } from './support/apis.js';
import { readRecords } from './support/records.js';

/** What Apache Kafka 4.1.0 answered: recorded by captures/record.mjs. */
interface Capture {
  readonly api: string;
  readonly version: number;
  readonly hex: string;
}

const captures = readFileSync(new URL('../test/fixtures/captures.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Capture);

const frameOf = ({ hex }: Capture) => Buffer.from(hex, 'hex');
const apiOf = ({ api }: Capture) => apis.find(({ name }) => name === api)!;

/** The answers to one API, oldest version first. */
const answersOf = <Request, Response>(api: Api<Request, Response>): Response[] =>
  captures.filter(({ api: name }) => name === api.name).map((one) => decodeResponse(api, one.version, frameOf(one)));

describe('answers of a real Kafka', () => {
  it('cover every API', () => {
    const covered = new Set(captures.map(({ api }) => api));
    assert.deepEqual(covered, new Set(apis.map(({ name }) => name)));
  });

  for (const [i, capture] of captures.entries()) {
    const { api, version } = capture;

    it(`${i}: ${api} v${version} is read whole, and would be written so`, () => {
      const frame = frameOf(capture);
      const answer = decodeResponse(apiOf(capture), version, frame);
      const again = Buffer.concat(encodeResponse(apiOf(capture), version, 7, answer)).subarray(4);
      // The features in the tags of a newer ApiVersions are skipped: all but them must be the same.
      const hasTags = api === 'ApiVersions' && version >= 3;
      if (hasTags) assert.deepEqual(again.subarray(0, -1), frame.subarray(0, again.length - 1));
      else assert.deepEqual(again, frame);
    });

    it(`${i}: ${api} v${version} cut short anywhere is malformed`, () => {
      const frame = frameOf(capture);
      for (let cut = 0; cut < frame.length; cut++) {
        const act = () => decodeResponse(apiOf(capture), version, frame.subarray(0, cut));
        assert.throws(act, { name: 'ProtocolError', code: 'MALFORMED' });
      }
    });
  }

  it('mean the same in every version: metadata', () => {
    for (const { brokers, topics } of answersOf(metadataApi)) {
      const [topic] = topics;
      const [partition] = topic!.partitions;
      assert.deepEqual(
        [brokers.length, brokers[0]!.host, topic!.errorCode, topic!.partitions.length],
        [1, '127.0.0.1', 0, 1],
      );
      assert.deepEqual([partition!.leaderId, partition!.isrNodes], [brokers[0]!.nodeId, [brokers[0]!.nodeId]]);
    }
  });

  it('mean the same in every version: the offsets of the beginning and the end', () => {
    const offsets = answersOf(listOffsetsApi).map(({ topics }) => topics[0]!.partitions[0]!.offset);
    assert.deepEqual(
      offsets,
      offsets.map((_, i) => (i % 2 === 0 ? 0 : 10)),
    );
  });

  it('mean the same in every version: a batch written, and a partition that is not there', () => {
    const [first, ...others] = answersOf(produceApi).map(({ responses }) =>
      responses.map(({ partitionResponses: [partition] }) => [errorName(partition!.errorCode), partition!.baseOffset]),
    );
    assert.deepEqual(first, [
      ['NONE', 10],
      ['UNKNOWN_TOPIC_OR_PARTITION', -1],
    ]);
    others.forEach((answer, i) => assert.deepEqual(answer[0], ['NONE', 11 + i]));
  });

  it('mean the same in every version: what is committed', () => {
    for (const { topics } of answersOf(offsetFetchApi)) {
      const committed = topics[0]!.partitions.map(({ committedOffset, metadata }) => [committedOffset, metadata]);
      assert.deepEqual(committed, [
        [3, 'kept'],
        [-1, ''],
      ]);
    }
  });

  it('mean the same in every version: joining, first without a member id', () => {
    const joined = answersOf(joinGroupApi);
    assert.deepEqual(
      joined.map(({ errorCode }) => errorName(errorCode)).filter((name) => name !== 'MEMBER_ID_REQUIRED'),
      Array(joinGroupApi.maxVersion + 1).fill('NONE'),
    );
    for (const { errorCode, memberId, leader, members } of joined) {
      assert.match(memberId, /^captures-/);
      if (errorCode === 0) assert.deepEqual([leader, members.map((one) => one.memberId)], [memberId, [memberId]]);
    }
  });

  // What captures/Produce.java wrote: gzip with headers and null keys, a transaction that commits, one that aborts.
  it("mean the same in every version: records of Java's producer", async () => {
    for (const bytes of logs()) {
      const records = await readRecords(bytes);
      assert.deepEqual(
        records.map(({ offset }) => offset),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      assert.deepEqual(records[1], {
        offset: 1,
        timestamp: 1_700_000_000_001,
        key: Buffer.from('key-1'),
        value: Buffer.from('gzip 1'),
        headers: [
          ['trace', Buffer.from('é1')],
          ['empty', null],
        ],
      });
      assert.equal(records[0]!.key, null);
      assert.deepEqual([records[9]!.key?.toString(), records[9]!.value], ['tombstone', null]);
    }
  });

  it('tell committed from aborted records', async () => {
    const batches = RecordBatch.readAll(logs()[0]!);
    const kinds = [];
    for (const batch of batches) {
      const cursor = await batch.records();
      assert.ok(cursor.next());
      const { isControl, isTransactional } = batch;
      kinds.push(isControl ? controlRecordType(cursor) : isTransactional ? 'transactional' : batch.compression);
    }
    assert.deepEqual(kinds, ['gzip', 'transactional', 'commit', 'transactional', 'abort', 'none']);
    const { producerId, baseOffset: firstOffset } = batches[3]!;
    const aborted = answersOf(fetchApi).flatMap(
      ({ responses }) => responses[0]!.partitions[0]!.abortedTransactions ?? [],
    );
    assert.deepEqual(aborted, Array(versionsOf(fetchApi).length).fill({ producerId, firstOffset }));
  });
});

/** The whole log as fetched with each version, by as many fetches as it took. */
function logs(): Buffer[] {
  const byVersion = new Map<number, Buffer[]>();
  for (const one of captures.filter(({ api }) => api === fetchApi.name)) {
    const [partition] = decodeResponse(fetchApi, one.version, frameOf(one)).responses[0]!.partitions;
    assert.equal(partition!.highWatermark, 10);
    byVersion.set(one.version, [...(byVersion.get(one.version) ?? []), partition!.records!]);
  }
  assert.deepEqual([...byVersion.keys()], versionsOf(fetchApi));
  return [...byVersion.values()].map((parts) => Buffer.concat(parts));
}
