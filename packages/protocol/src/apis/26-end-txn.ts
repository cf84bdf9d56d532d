import { api, type RequestOf, type ResponseOf } from '../api.js';
import { boolean, int16, int32, int64, string, struct } from '../wire.js';

/**
 * EndTxn, key 26, v0-v4. v2 and v4 add error codes only. From v5 on each transaction has an epoch of its own (KIP-890),
 * which is not spoken.
 */
export const endTxnApi = api({
  key: 26,
  name: 'EndTxn',
  versions: [0, 4],
  flexibleFrom: 3,
  request: struct({ transactionalId: string, producerId: int64, producerEpoch: int16, committed: boolean }),
  response: struct({ throttleTimeMs: int32, errorCode: int16 }),
});

export type EndTxnRequest = RequestOf<typeof endTxnApi>;
export type EndTxnResponse = ResponseOf<typeof endTxnApi>;
