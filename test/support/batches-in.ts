import { once } from 'node:events';
import { connect } from 'node:net';
import { decodeResponse, encodeRequest, fetchApi, RecordBatch } from '@hearken/protocol';

const VERSION = 4;
const MAX_BYTES = 64 * 1024 * 1024;

/** The batches in partition 0 of a topic as the broker keeps them, by a Fetch of our own to the only broker. */
export async function batchesIn(broker: string, topic: string): Promise<RecordBatch[]> {
  const [host = '', port] = broker.split(':');
  const socket = connect(Number(port), host);
  try {
    await once(socket, 'connect');
    const partition = {
      partition: 0,
      currentLeaderEpoch: -1,
      fetchOffset: 0,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
    };
    const request = {
      ...{ replicaId: -1, maxWaitMs: 0, minBytes: 0, maxBytes: MAX_BYTES, isolationLevel: 0, rackId: '' },
      ...{ sessionId: 0, sessionEpoch: -1, forgottenTopicsData: [] },
      topics: [{ topic, topicId: '', partitions: [{ ...partition, partitionMaxBytes: MAX_BYTES }] }],
    };
    const header = { correlationId: 1, clientId: 'batches-in' };
    for (const chunk of encodeRequest(fetchApi, VERSION, header, request)) socket.write(chunk);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      const answer = Buffer.concat(chunks);
      if (answer.length >= 4 && answer.length === 4 + answer.readInt32BE()) {
        const { responses } = decodeResponse(fetchApi, VERSION, answer.subarray(4));
        return RecordBatch.readAll(responses[0]?.partitions[0]?.records ?? Buffer.alloc(0));
      }
    }
    throw new Error('the broker closed the connection');
  } finally {
    socket.destroy();
  }
}
