import { api, type RequestOf, type ResponseOf } from '../api.js';
import { int16, int32, int64, nullableString, since, struct } from '../wire.js';

/** InitProducerId, key 22, v0-v5. v3 lets a producer ask for the next epoch of the id that it has (KIP-360). */
export const initProducerIdApi = api({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 5],
  flexibleFrom: 2,
  request: struct({
    /** Null for a producer that is idempotent only. */
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    /** -1 for a new id. */
    producerId: since(3, int64, -1),
    producerEpoch: since(3, int16, -1),
  }),
  response: struct({ throttleTimeMs: int32, errorCode: int16, producerId: int64, producerEpoch: int16 }),
});

export type InitProducerIdRequest = RequestOf<typeof initProducerIdApi>;
export type InitProducerIdResponse = ResponseOf<typeof initProducerIdApi>;
