import assert from 'node:assert/strict';
import { encodeRecordBatch, errorCodes, errorName, type DeleteRecordsRequest } from '@hearken/protocol';
import type { Cluster } from '../../dist/cluster/cluster.js';
import { deleteRecordsHandler } from '../../dist/handlers/delete-records.js';
import { aCluster, ask, refusal, type AskOptions } from './a-cluster.js';

/** Topic t with two partitions: three records in the first. */
function withRecords(configs = {}, brokers = 1): Cluster {
  const cluster = aCluster({ brokers });
  const { partitions } = cluster.createTopic('t', { partitions: 2, configs });
  const record = { key: Buffer.from('k'), value: Buffer.from('v'), timestamp: cluster.clock.now() };
  for (let i = 0; i < 3; i++) partitions[0]!.log.append(encodeRecordBatch([record], {}), { leaderEpoch: 0 });
  return cluster;
}
const request = (topic: string, ...asked: [partition: number, offset: number][]): DeleteRecordsRequest => ({
  topics: [{ name: topic, partitions: asked.map(([partitionIndex, offset]) => ({ partitionIndex, offset })) }],
  timeoutMs: 1000,
});
const answersOf = ({
  topics,
}: Awaited<ReturnType<typeof ask<DeleteRecordsRequest, { topics: readonly TopicAnswer[] }>>>) =>
  topics[0]!.partitions.map(({ lowWatermark, errorCode }) => [lowWatermark, errorName(errorCode)]);
interface TopicAnswer {
  readonly partitions: readonly { readonly lowWatermark: number; readonly errorCode: number }[];
}

async function remove(cluster: Cluster, asked: DeleteRecordsRequest, options?: AskOptions) {
  return answersOf(await ask(deleteRecordsHandler(cluster), asked, options));
}

describe('DeleteRecords', () => {
  it('moves the start of the log forward, never back', async () => {
    const cluster = withRecords();
    assert.deepEqual(await remove(cluster, request('t', [0, 2])), [[2, 'NONE']]);
    assert.deepEqual(await remove(cluster, request('t', [0, 1])), [[2, 'NONE']]);
    assert.equal(cluster.partition('t', 0)!.log.logStartOffset, 2);
  });

  it('takes -1 for the high watermark', async () => {
    const cluster = withRecords();
    assert.deepEqual(await remove(cluster, request('t', [0, -1], [1, -1])), [
      [3, 'NONE'],
      [0, 'NONE'],
    ]);
  });

  it('refuses offsets that are out of range, each for itself', async () => {
    assert.deepEqual(await remove(withRecords(), request('t', [0, 4], [0, -2], [0, 3])), [
      [-1, 'OFFSET_OUT_OF_RANGE'],
      [-1, 'OFFSET_OUT_OF_RANGE'],
      [3, 'NONE'],
    ]);
  });

  it('refuses what is not there, and what another broker leads', async () => {
    const cluster = withRecords({}, 2);
    assert.deepEqual(await remove(cluster, request('t', [7, 0])), [[-1, 'UNKNOWN_TOPIC_OR_PARTITION']]);
    assert.deepEqual(await remove(cluster, request('no', [0, 0])), [[-1, 'UNKNOWN_TOPIC_OR_PARTITION']]);
    const { leaderId } = cluster.partition('t', 0)!;
    const asked = request('t', [0, 1]);
    assert.deepEqual(await remove(cluster, asked, { nodeId: 3 - leaderId }), [[-1, 'NOT_LEADER_OR_FOLLOWER']]);
    assert.deepEqual(await remove(cluster, asked, { nodeId: leaderId }), [[1, 'NONE']]);
  });

  it('refuses where cleanup.policy does not delete', async () => {
    for (const [policy, error] of [
      ['compact', 'POLICY_VIOLATION'],
      ['', 'POLICY_VIOLATION'],
      ['compact,delete', 'NONE'],
    ] as const) {
      const [[, answer]] = (await remove(withRecords({ 'cleanup.policy': policy }), request('t', [0, 1]))) as [
        [number, string],
      ];
      assert.equal(answer, error, policy);
    }
  });

  it('can be refused as a whole', () => {
    const handler = deleteRecordsHandler(withRecords());
    assert.deepEqual(answersOf(refusal(handler, request('t', [0, 1], [1, 0]), errorCodes.REQUEST_TIMED_OUT)), [
      [-1, 'REQUEST_TIMED_OUT'],
      [-1, 'REQUEST_TIMED_OUT'],
    ]);
  });
});
