import assert from 'node:assert/strict';
import {
  apiVersionsApi,
  decodeResponse,
  errorCodes,
  findCoordinatorApi,
  produceApi,
  type ApiVersionsResponse,
} from '@hearken/protocol';
import type { RawClient } from '../raw-client.js';
import { FrameClient } from '../net/frame-client.js';
import { setup, stopAll } from './setup.js';

const ask = (client: RawClient, version: number, name = 'test', softwareVersion = '1.0') =>
  client.send(apiVersionsApi, version, { clientSoftwareName: name, clientSoftwareVersion: softwareVersion });

const rangeOf = ({ apiKeys }: ApiVersionsResponse, key: number) => {
  const { minVersion, maxVersion } = apiKeys.find(({ apiKey }) => apiKey === key)!;
  return [minVersion, maxVersion];
};

describe('ApiVersions', () => {
  afterEach(stopAll);

  for (let version = 0; version <= apiVersionsApi.maxVersion; version++) {
    it(`is answered in version ${version}`, async () => {
      const { client } = await setup();
      const response = await ask(client, version);
      assert.equal(response.errorCode, 0);
      assert.deepEqual(rangeOf(response, apiVersionsApi.key), [0, 4]);
      assert.equal(new Set(response.apiKeys.map(({ apiKey }) => apiKey)).size, response.apiKeys.length);
    });
  }

  it('tells of Produce from version 0 on: librdkafka compresses nothing else', async () => {
    const { client } = await setup();
    assert.deepEqual(rangeOf(await ask(client, 3), produceApi.key), [0, 11]);
  });

  it('answers a version that is too new in version 0, with what it knows (KIP-511)', async () => {
    const { kafka } = await setup();
    const client = await FrameClient.open(kafka.brokers[0]!);
    client.socket.write(Buffer.from('0000000d' + '0012' + '0063' + '00000007' + 'ffff' + '000000', 'hex'));
    const frame = await client.answer(7);
    const response = decodeResponse(apiVersionsApi, 0, frame);
    assert.equal(response.errorCode, errorCodes.UNSUPPORTED_VERSION);
    assert.deepEqual(rangeOf(response, apiVersionsApi.key), [0, 4]);
    client.close();
  });

  it('refuses a client that calls itself by no name', async () => {
    const { client } = await setup();
    assert.equal((await ask(client, 3, 'bad name')).errorCode, errorCodes.INVALID_REQUEST);
    assert.equal((await ask(client, 3, 'test', '')).errorCode, errorCodes.INVALID_REQUEST);
    assert.equal((await ask(client, 2, '', '')).errorCode, 0);
  });
});

describe('FindCoordinator', () => {
  afterEach(stopAll);

  for (let version = 0; version <= findCoordinatorApi.maxVersion; version++) {
    it(`is answered in version ${version}: where the coordinator listens`, async () => {
      const { client, kafka } = await setup({ brokers: 3 });
      const { nodeId, host, port, errorCode } = await client.send(findCoordinatorApi, version, {
        key: 'g',
        keyType: 0,
      });
      assert.equal(errorCode, 0);
      assert.equal(kafka.brokers[nodeId - 1], `${host}:${port}`);
    });
  }

  it('finds the one that it was moved to, and the next when that is down', async () => {
    const { client, kafka } = await setup({ brokers: 3 });
    const find = async (): Promise<number> =>
      (await client.send(findCoordinatorApi, 3, { key: 'g', keyType: 0 })).nodeId;
    const home = await find();
    const elsewhere = home === 2 ? 3 : 2;
    await kafka.faults.group('g').moveCoordinator(elsewhere);
    assert.equal(await find(), elsewhere);
    await kafka.faults.broker(elsewhere).down();
    assert.equal(await find(), home);
  });

  it('knows groups and transactions only', async () => {
    const { client } = await setup();
    const { errorCode, nodeId } = await client.send(findCoordinatorApi, 3, { key: 'g', keyType: 2 });
    assert.deepEqual([errorCode, nodeId], [errorCodes.INVALID_REQUEST, -1]);
  });
});
