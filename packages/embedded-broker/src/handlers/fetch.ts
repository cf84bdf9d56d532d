import { errorCodes, fetchServingApi, type FetchRequest, type FetchServingResponse } from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { bytesAwaited, type AwaitedPartition } from '../fetch/bytes-awaited.js';
import { boundsOf, isolationOf, readPartitions, refusedPartition, topicName } from '../fetch/read-partitions.js';
import type { Handler, RequestContext } from './handler.js';

/** Epochs of a request that is complete in itself: of a session's first and last, or of no session. */
const FULL_REQUEST_EPOCHS: readonly number[] = [0, -1];

export function fetchHandler(cluster: Cluster): Handler<FetchRequest, FetchServingResponse> {
  return {
    api: fetchServingApi,

    async handle(request, context) {
      // No session is ever begun: the session id 0 of every answer keeps clients from asking for what changed since.
      if (!FULL_REQUEST_EPOCHS.includes(request.sessionEpoch)) {
        return { ...answer([]), errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND };
      }
      const { maxWaitMs } = request;
      const { minBytes } = boundsOf(cluster, request);
      const read = readPartitions(cluster, request, context);
      const isEnough = read.hasNews || read.sizeBytes >= minBytes || maxWaitMs <= 0;
      const awaited = isEnough ? [] : awaitedPartitions(cluster, request, context);
      if (awaited.length === 0) return answer(read.topics);
      await bytesAwaited(awaited, {
        minBytes,
        maxWaitMs,
        isolation: isolationOf(request),
        clock: cluster.clock,
        signal: context.signal,
      });
      return context.signal.aborted ? undefined : answer(readPartitions(cluster, request, context).topics);
    },

    refuse: ({ topics }, errorCode) => ({
      ...answer(
        topics.map(({ topic, topicId, partitions }) => ({
          topic,
          topicId,
          partitions: partitions.map((partition) => refusedPartition(partition, errorCode)),
        })),
      ),
      errorCode,
    }),
  };
}

function awaitedPartitions(cluster: Cluster, request: FetchRequest, { version }: RequestContext): AwaitedPartition[] {
  return request.topics.flatMap((asked) => {
    const partitions = cluster.topic(topicName(cluster, asked, version) ?? '')?.partitions ?? [];
    return asked.partitions.flatMap(({ partition: index, fetchOffset: fromOffset, partitionMaxBytes: maxBytes }) => {
      const partition = partitions[index];
      return partition === undefined ? [] : [{ partition, fromOffset, maxBytes }];
    });
  });
}

const answer = (responses: FetchServingResponse['responses']): FetchServingResponse => ({
  throttleTimeMs: 0,
  errorCode: errorCodes.NONE,
  sessionId: 0,
  responses,
});
