import assert from 'node:assert/strict';
import {
  apiVersionsApi,
  encodeRecordBatch,
  errorCodes,
  heartbeatApi,
  metadataApi,
  offsetCommitApi,
  produceApi,
  type MetadataRequest,
} from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import { EmbeddedKafka } from '../../dist/index.js';
import { RawClient } from '../raw-client.js';

const START_MS = new ManualClock().now();
const VERSIONS = { clientSoftwareName: 'raw', clientSoftwareVersion: '1' };
const metadataOf = (...names: string[]): MetadataRequest => ({
  topics: names.map((name) => ({ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name })),
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
});
const HEARTBEAT = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
const commitOf = (...partitions: number[]) => ({
  groupId: 'g',
  generationIdOrMemberEpoch: -1,
  memberId: '',
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [
    {
      name: 'orders',
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: 3,
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    },
  ],
});

/** A broker with `orders` of two partitions, and a client. */
async function withBroker(
  test: (parts: { kafka: EmbeddedKafka; client: RawClient; clock: ManualClock }) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const kafka = await EmbeddedKafka.start({ topics: ['orders:2'], clock });
  const client = await RawClient.connect(kafka.brokers[0]!);
  try {
    await test({ kafka, client, clock });
  } finally {
    client.close();
    await kafka.stop();
  }
}

describe('faults over a socket', () => {
  it('a request that is dropped is never answered, the one behind it is', () =>
    withBroker(async ({ kafka, client }) => {
      await kafka.faults.on({ api: 'Metadata', nth: 1 }).dropRequest();
      let answered = false;
      void client.send(metadataApi, 8, metadataOf('orders')).then(() => (answered = true));
      await client.send(apiVersionsApi, 3, VERSIONS);
      await client.send(metadataApi, 8, metadataOf('orders'));
      assert.equal(answered, false);
    }));

  it('a response that is dropped leaves its effect', () =>
    withBroker(async ({ kafka, client }) => {
      await kafka.faults.on({ api: 'Produce', nth: 1 }).dropResponse();
      const records = encodeRecordBatch([{ timestamp: START_MS, key: null, value: Buffer.from('v') }], {});
      const request = {
        transactionalId: null,
        acks: -1,
        timeoutMs: 1_000,
        topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
      };
      void client.send(produceApi, 8, request);
      const { responses } = await client.send(produceApi, 8, request);
      assert.equal(responses[0]?.partitionResponses[0]?.baseOffset, 1);
      assert.deepEqual(
        (await kafka.records('orders')).map(({ offset }) => offset),
        [0, 1],
      );
      const produced = kafka.requests.filter(({ api }) => api === 'Produce');
      assert.deepEqual(
        produced.map(({ fault, state }) => [fault, state]),
        [
          ['drop-response', 'unanswered'],
          [null, 'answered'],
        ],
      );
    }));

  it('one that hangs holds back its connection and no other, until its rule is removed', () =>
    withBroker(async ({ kafka, client }) => {
      const rule = await kafka.faults.on({ api: 'Heartbeat' }).hang();
      const order: string[] = [];
      const hit = rule.nextHit();
      const beat = client.send(heartbeatApi, 3, HEARTBEAT).then(() => order.push('heartbeat'));
      const behind = client.send(apiVersionsApi, 3, VERSIONS).then(() => order.push('behind it'));
      assert.deepEqual((await hit).groups, ['g']);
      using other = await RawClient.connect(kafka.brokers[0]!);
      await other.send(apiVersionsApi, 3, VERSIONS);
      order.push('elsewhere');
      await rule.remove();
      await Promise.all([beat, behind]);
      assert.deepEqual(order, ['elsewhere', 'heartbeat', 'behind it']);
      assert.equal(rule.hits, 1);
    }));

  it('close and truncate end the connection', () =>
    withBroker(async ({ kafka, client }) => {
      await kafka.faults.on({ api: 'Metadata', nth: 1 }).close();
      await kafka.faults.on({ api: 'Metadata' }).truncate(7);
      void client.send(metadataApi, 8, metadataOf('orders'));
      assert.equal((await client.closed).length, 0);
      using second = await RawClient.connect(kafka.brokers[0]!);
      void second.send(metadataApi, 8, metadataOf('orders'));
      const bytes = await second.closed;
      assert.equal(bytes.length, 7);
      assert.ok(bytes.readInt32BE(0) > 7, 'the size is that of the whole answer');
    }));

  it('a delay and a throttle last by the clock of the broker', () =>
    withBroker(async ({ kafka, client, clock }) => {
      await kafka.faults.on({ api: 'Metadata' }).delay(5_000);
      const delayed = client.send(metadataApi, 8, metadataOf('orders'));
      await clock.timersPending(1);
      clock.advance(5_000);
      assert.equal((await delayed).topics.length, 1);
      await kafka.faults.on({ api: 'ApiVersions' }).throttle(2_000);
      assert.equal((await client.send(apiVersionsApi, 3, VERSIONS)).throttleTimeMs, 2_000);
      await clock.timersPending(1);
      const muted = client.send(heartbeatApi, 3, HEARTBEAT);
      clock.advance(2_000);
      await muted;
      assert.equal(clock.pendingTimers, 0);
    }));

  it('an error for one partition leaves the other to the broker', () =>
    withBroker(async ({ kafka, client }) => {
      const rule = await kafka.faults
        .on({ api: 'OffsetCommit', topic: 'orders', partition: 1 })
        .error('NOT_COORDINATOR');
      const { topics } = await client.send(offsetCommitApi, 7, commitOf(0, 1));
      assert.deepEqual(topics, [
        {
          name: 'orders',
          partitions: [
            { partitionIndex: 0, errorCode: 0 },
            { partitionIndex: 1, errorCode: errorCodes.NOT_COORDINATOR },
          ],
        },
      ]);
      await client.send(offsetCommitApi, 7, commitOf(0));
      assert.equal(rule.hits, 1);
    }));

  it('an error for a topic in a list of all', () =>
    withBroker(async ({ kafka, client }) => {
      await kafka.addTopics('bills');
      await kafka.faults.on({ api: 'Metadata', topic: 'bills' }).error('LEADER_NOT_AVAILABLE');
      const { topics } = await client.send(metadataApi, 8, { ...metadataOf(), topics: null });
      assert.deepEqual(
        new Map(topics.map(({ name, errorCode }) => [name, errorCode])),
        new Map([
          ['orders', 0],
          ['bills', 5],
        ]),
      );
    }));

  it("a function answers in the broker's place", () =>
    withBroker(async ({ kafka, client }) => {
      await kafka.faults.on({ api: 'Metadata' }).respond(async ({ topics }, { handle }) => {
        const answer = (await handle({ ...metadataOf('orders') })) as object;
        return { ...answer, clusterId: `asked for ${topics?.length ?? 'all'}` };
      });
      const { clusterId } = await client.send(metadataApi, 8, metadataOf('a', 'b'));
      assert.equal(clusterId, 'asked for 2');
    }));

  it('rules know clients, and brokers', () =>
    withBroker(async ({ kafka }) => {
      await kafka.faults.on({ api: 'ApiVersions', client: 'bad' }).close();
      await kafka.faults.on({ api: 'ApiVersions', broker: 2 }).close();
      using bad = await RawClient.connect(kafka.brokers[0]!, 'bad');
      using good = await RawClient.connect(kafka.brokers[0]!, 'good');
      void bad.send(apiVersionsApi, 3, VERSIONS);
      await bad.closed;
      await good.send(apiVersionsApi, 3, VERSIONS);
    }));

  it('what is awaited comes when the broker gets it, while it is still being handled', () =>
    withBroker(async ({ kafka, client }) => {
      await kafka.faults.on({ api: 'Heartbeat' }).hang();
      const awaited = kafka.awaitRequest({ api: 'Heartbeat', group: 'g' });
      void client.send(heartbeatApi, 3, HEARTBEAT);
      const { body, state, clientId } = await awaited;
      assert.deepEqual([body.memberId, state, clientId], ['m', 'pending', 'raw']);
    }));

  it('a reset forgets rules, requests and what is held', () =>
    withBroker(async ({ kafka, client }) => {
      await kafka.faults.on({ api: 'Heartbeat' }).hang();
      const awaited = kafka.awaitRequest({ api: 'Heartbeat' });
      void client.send(heartbeatApi, 3, HEARTBEAT);
      await awaited;
      await kafka.reset();
      await client.closed;
      assert.deepEqual(kafka.requests, []);
      using again = await RawClient.connect(kafka.brokers[0]!);
      const { errorCode } = await again.send(heartbeatApi, 3, HEARTBEAT);
      assert.equal(errorCode, errorCodes.UNKNOWN_MEMBER_ID);
    }));
});

it('every API that the broker serves can be named in a rule', () =>
  withBroker(async ({ kafka, client }) => {
    const { apiKeys } = await client.send(apiVersionsApi, 3, VERSIONS);
    const { apiShapes } = await import('../../dist/faults/apis.js');
    const known = Object.values(apiShapes).map(({ api }) => api.key);
    assert.deepEqual(
      apiKeys.map(({ apiKey }) => apiKey).filter((key) => !known.includes(key)),
      [],
    );
    assert.equal(kafka.requests.length, 1);
  }));
