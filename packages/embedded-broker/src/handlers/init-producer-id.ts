import { initProducerIdApi, type InitProducerIdRequest, type InitProducerIdResponse } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ProducerIdAndEpoch } from '../transactions/producer-identity.js';
import { fencingErrorCodeOf } from './fencing-error-code.js';
import type { Handler } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

/** Any broker gives an id to a producer that is idempotent only. */
export const initProducerIdHandler = (cluster: Cluster): Handler<InitProducerIdRequest, InitProducerIdResponse> => ({
  api: initProducerIdApi,

  handle(request, { version, nodeId }) {
    const { transactionalId, transactionTimeoutMs } = request;
    let producer: ProducerIdAndEpoch | undefined;
    const errorCode = fencingErrorCodeOf(version, 4, () => {
      const was = formerProducer(request);
      if (transactionalId !== null) requireCoordinator(cluster, 'transaction', transactionalId, nodeId);
      producer = cluster.transactions.initProducerId(transactionalId, transactionTimeoutMs, was);
    });
    return { ...answer(errorCode), ...producer };
  },

  refuse: (_request, errorCode) => answer(errorCode),
});

const answer = (errorCode: number): InitProducerIdResponse => ({
  throttleTimeMs: 0,
  errorCode,
  producerId: -1,
  producerEpoch: -1,
});

function formerProducer({ producerId, producerEpoch }: ProducerIdAndEpoch): ProducerIdAndEpoch | undefined {
  if (producerId === -1 && producerEpoch === -1) return undefined;
  if (producerId === -1 || producerEpoch === -1) throw new BrokerError('INVALID_REQUEST');
  return { producerId, producerEpoch };
}
