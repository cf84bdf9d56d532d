import {
  errorCodes,
  errorName,
  produceApi,
  ProtocolError,
  RecordBatch,
  type ProduceRequest,
  type ProduceResponse,
} from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import { InvalidRecordsError } from '../log/invalid-records-error.js';
import { ClosesConnection, type Handler, type RequestContext } from './handler.js';
import { ledPartition } from './led-partition.js';

type PartitionData = ProduceRequest['topicData'][number]['partitionData'][number];
type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number];

const ACKS = { none: 0, leader: 1, all: -1 } as const;
/** The first version that knows TRANSACTION_ABORTABLE (KIP-890). */
const ABORTABLE_SINCE = 11;
/** The first version in which a batch may be compressed by zstd (KIP-110). */
const ZSTD_SINCE = 7;

export function produceHandler(cluster: Cluster): Handler<ProduceRequest, ProduceResponse> {
  return {
    api: produceApi,
    // librdkafka leaves records uncompressed unless it is told of version 0, as Kafka 4 tells too (KAFKA-18659). Nobody uses it.
    // Of version 12 on, a transactional batch adds its partition by itself (KIP-890), which is not served.
    advertised: { minVersion: 0, maxVersion: 11 },

    handle(request, context) {
      if (someRecords(request, (records) => records === null))
        throw new ClosesConnection('null records, as Kafka does');
      const response = isForeignTransaction(request)
        ? this.refuse(request, errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, context)
        : answer(request, (topic, data) => append(cluster, request, context, topic, data));
      if (request.acks !== ACKS.none) return response;
      const failure = firstFailure(response);
      if (failure === undefined) return undefined;
      // All that Kafka can do to be noticed by a producer that awaits no answer.
      throw new ClosesConnection(`a produce request with acks 0 failed with ${errorName(failure)}`);
    },

    refuse: (request, errorCode) => answer(request, (_topic, { index }) => refused(index, errorCode)),
  };
}

const someRecords = ({ topicData }: ProduceRequest, asked: (records: Buffer | null) => boolean): boolean =>
  topicData.some(({ partitionData }) => partitionData.some(({ records }) => asked(records)));

/** Without its id nobody may write to a transaction. Kafka looks at that before anything else. */
const isForeignTransaction = (request: ProduceRequest): boolean =>
  request.transactionalId === null &&
  someRecords(request, (records) => batchIs(records, ({ isTransactional }) => isTransactional));

/** False for what is no batch: what is wrong with it is for the log to say. */
function batchIs(records: Buffer | null, asked: (batch: RecordBatch) => boolean): boolean {
  try {
    return records !== null && asked(new RecordBatch(records));
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

const answer = (
  { topicData }: ProduceRequest,
  answerOne: (topic: string, data: PartitionData) => PartitionAnswer,
): ProduceResponse => ({
  responses: topicData.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map((data) => answerOne(name, data)),
  })),
  throttleTimeMs: 0,
});

function append(
  cluster: Cluster,
  { acks, transactionalId }: ProduceRequest,
  { nodeId, version }: RequestContext,
  topic: string,
  { index, records }: PartitionData,
): PartitionAnswer {
  try {
    if (acks !== ACKS.none && acks !== ACKS.leader && acks !== ACKS.all) throw new BrokerError('INVALID_REQUIRED_ACKS');
    if (version < ZSTD_SINCE && batchIs(records, ({ compression }) => compression === 'zstd')) {
      throw new BrokerError('UNSUPPORTED_COMPRESSION_TYPE');
    }
    const { log, leaderEpoch, isr, replicas } = ledPartition(cluster, nodeId, { topic, partition: index });
    const minIsr = acks === ACKS.all ? (cluster.topic(topic)?.config.minInsyncReplicas ?? 1) : 1;
    // More than there are at all is not asked of anyone, as in Kafka 4 (`Partition.effectiveMinIsr`).
    if (isr.length < Math.min(minIsr, replicas.length)) throw new BrokerError('NOT_ENOUGH_REPLICAS');
    const { baseOffset, logAppendTimeMs } = log.append(records, {
      leaderEpoch,
      verifyTransaction(producerId, producerEpoch) {
        if (transactionalId === null) return; // then the batch is none of a transaction
        const producer = { transactionalId, producerId, producerEpoch };
        const abortable = version >= ABORTABLE_SINCE;
        cluster.transactions.verify(producer, { topic, partition: index }, { abortable });
      },
    });
    const { logStartOffset } = log;
    const noErrors = { errorCode: errorCodes.NONE, recordErrors: [], errorMessage: null };
    return { index, baseOffset, logAppendTimeMs, logStartOffset, ...noErrors };
  } catch (error) {
    if (error instanceof BrokerError) return { ...refused(index, error.errorCode), ...recordsAtFault(error) };
    throw error;
  }
}

const refused = (index: number, errorCode: number): PartitionAnswer => ({
  index,
  errorCode,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: [],
  errorMessage: null,
});

const recordsAtFault = (error: BrokerError): Pick<PartitionAnswer, 'recordErrors' | 'errorMessage'> | undefined =>
  error instanceof InvalidRecordsError
    ? {
        recordErrors: error.recordErrors.map(({ batchIndex, message }) => ({
          batchIndex,
          batchIndexErrorMessage: message,
        })),
        errorMessage: error.message,
      }
    : undefined;

function firstFailure({ responses }: ProduceResponse): number | undefined {
  for (const { partitionResponses } of responses) {
    for (const { errorCode } of partitionResponses) if (errorCode !== errorCodes.NONE) return errorCode;
  }
  return undefined;
}
