import assert from 'node:assert/strict';
import {
  apiVersionsApi,
  fetchApi,
  heartbeatApi,
  metadataApi,
  produceApi,
  readCorrelationId,
  Reader,
  type MetadataRequest,
} from '@hearken/protocol';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { aBatch, fetchRequest, produce } from '../partition-requests.js';

const CLIENT = { clientSoftwareName: 'contract', clientSoftwareVersion: '1' };
const NO_TOPICS: MetadataRequest = {
  ...{ topics: [], allowAutoTopicCreation: false },
  ...{ includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false },
};

/** What kafkajs, librdkafka and Java's client cannot do without, in the highest version without flexible encoding. */
const NEEDED: readonly (readonly [key: number, version: number])[] = [
  ...([
    [0, 8],
    [1, 11],
    [2, 5],
    [3, 8],
    [8, 7],
    [9, 5],
    [10, 2],
    [11, 5],
    [12, 3],
    [13, 3],
    [14, 3],
  ] as const),
  ...([
    [15, 4],
    [16, 2],
    [18, 3],
    [19, 4],
    [20, 3],
    [21, 1],
    [22, 1],
    [23, 3],
    [24, 2],
    [25, 2],
    [26, 2],
  ] as const),
  ...([
    [28, 2],
    [29, 1],
    [30, 1],
    [31, 1],
    [32, 3],
    [33, 1],
    [37, 1],
    [42, 1],
    [44, 0],
    [47, 0],
  ] as const),
];

export function connectionCases(broker: ContractBroker): void {
  it('begin with the versions that the broker speaks, asked for in any version', async () => {
    const answers = [];
    for (const version of broker.versionsOf(apiVersionsApi))
      answers.push(await broker.ask(apiVersionsApi, CLIENT, version));
    for (const answer of answers) {
      assert.equal(nameOf(answer), 'NONE');
      assert.deepEqual(answer.apiKeys, answers[0]?.apiKeys);
    }
  });

  it('are offered all that known clients need', async () => {
    const { apiKeys } = await broker.ask(apiVersionsApi, CLIENT);
    const missing = NEEDED.filter(
      ([key, version]) =>
        !apiKeys.some(
          ({ apiKey, minVersion, maxVersion }) => apiKey === key && minVersion <= version && version <= maxVersion,
        ),
    );
    assert.deepEqual(missing, []);
  });

  it('are told that Produce begins at version 0: without it librdkafka does not compress', async () => {
    const { apiKeys } = await broker.ask(apiVersionsApi, CLIENT);
    assert.equal(apiKeys.find(({ apiKey }) => apiKey === produceApi.key)?.minVersion, 0);
  });

  it('that ask for the versions in one too new are answered in version 0', async () => {
    const connection = await broker.connect();
    connection.write(frame(apiVersionsApi.key, 99, 7, Buffer.from([0]))); // a flexible header, and who knows what else
    const answer = await connection.nextAnswer();
    assert.equal(readCorrelationId(answer), 7);
    const from = new Reader(answer, 4);
    assert.equal(nameOf({ errorCode: from.int16() }), 'UNSUPPORTED_VERSION');
    const keys = from.array(() => ({ apiKey: from.int16(), minVersion: from.int16(), maxVersion: from.int16() }));
    assert.deepEqual(keys.find(({ apiKey }) => apiKey === apiVersionsApi.key)?.minVersion, 0);
    assert.equal((await connection.ask(apiVersionsApi, 0, CLIENT)).errorCode, 0); // it goes on
  });

  it('are answered in order, however many requests are on the way', async () => {
    const connection = await broker.connect();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        i % 2 === 0 ? connection.ask(metadataApi, 5, NO_TOPICS) : connection.ask(apiVersionsApi, 2, CLIENT),
      ),
    );
    assert.equal(answers.length, 30); // RawConnection compares correlation ids
  });

  it('are served one request at a time: what follows a long poll waits for it', async () => {
    const [connection, another, topic] = [await broker.connect(), await broker.connect(), await broker.topic()];
    const order: string[] = [];
    const fetching = connection.ask(fetchApi, 11, fetchRequest(topic, { maxWaitMs: 600_000 }));
    const behind = [
      fetching.then(() => order.push('fetch')),
      connection.ask(metadataApi, 5, NO_TOPICS).then(() => order.push('metadata')),
    ];
    await another.ask(metadataApi, 5, NO_TOPICS).then(() => order.push('another connection'));
    await produce(broker, topic, aBatch(['ends the wait']));
    await Promise.all(behind);
    assert.deepEqual(order, ['another connection', 'fetch', 'metadata']);
  });

  it('may come in any pieces', async () => {
    const connection = await broker.connect();
    const bytes = frame(metadataApi.key, 1, 3, Buffer.from([0, 0, 0, 0]));
    for (const byte of bytes) connection.write(Buffer.from([byte]));
    assert.equal(readCorrelationId(await connection.nextAnswer()), 3);
  });

  for (const clientId of [null, '', 'a client: ü']) {
    it(`may name the client ${JSON.stringify(clientId)}`, async () => {
      const connection = await broker.connect(clientId);
      assert.equal((await connection.ask(metadataApi, 5, NO_TOPICS)).throttleTimeMs, 0);
      assert.equal((await connection.ask(metadataApi, 9, NO_TOPICS)).throttleTimeMs, 0);
    });
  }

  const closing: Readonly<Record<string, Buffer>> = {
    'an API that there is none of': frame(9_999, 0, 1),
    'a version that there is none of': frame(metadataApi.key, 999, 1),
    'a body cut off': frame(metadataApi.key, 1, 1, Buffer.from([0, 0])),
    'lengths beyond the frame': frame(metadataApi.key, 1, 1, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
    'a frame of negative size': Buffer.from([0xff, 0xff, 0xff, 0xff]),
    'a frame of 2 GB': Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0]),
    'another protocol': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  };
  for (const [what, bytes] of Object.entries(closing)) {
    it(`are closed on ${what}, and no other is`, async () => {
      const [bad, good] = [await broker.connect(), await broker.connect()];
      bad.write(bytes);
      await bad.closed;
      assert.equal((await good.ask(metadataApi, 5, NO_TOPICS)).topics.length, 0);
    });
  }

  it('that end while a request waits disturb nobody', async () => {
    const topic = await broker.topic();
    const leaving = await broker.connect();
    leaving.tell(fetchApi, 11, fetchRequest(topic, { maxWaitMs: 60_000 }));
    await leaving[Symbol.asyncDispose]();
    const group = { groupId: 'nobody', generationId: 1, memberId: 'none', groupInstanceId: null };
    assert.equal(nameOf(await broker.ask(heartbeatApi, group)), 'UNKNOWN_MEMBER_ID');
  });
}

/** A request with what no encoder would write. */
function frame(apiKey: number, version: number, correlationId: number, body = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(4 + 8 + 2);
  header.writeInt32BE(header.length - 4 + body.length);
  header.writeInt16BE(apiKey, 4);
  header.writeInt16BE(version, 6);
  header.writeInt32BE(correlationId, 8);
  header.writeInt16BE(-1, 12);
  return Buffer.concat([header, body]);
}
