import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, int16, int32, int8, nullableString, since, string, struct } from '../wire.js';

/** DescribeCluster, key 60, v0-v2 (KIP-700). v1 adds the kind of endpoint (KIP-919); v2 fenced brokers. */
export const describeClusterApi = api({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleFrom: 0,
  request: struct({
    includeClusterAuthorizedOperations: boolean,
    /** 1 brokers, 2 controllers. */
    endpointType: since(1, int8, 1),
    includeFencedBrokers: since(2, boolean, false),
  }),
  response: struct({
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    endpointType: since(1, int8, 1),
    clusterId: string,
    /** -1 if unknown. */
    controllerId: int32,
    brokers: array(
      struct({
        brokerId: int32,
        host: string,
        port: int32,
        rack: nullableString,
        isFenced: since(2, boolean, false),
      }),
    ),
    clusterAuthorizedOperations: int32,
  }),
});

export type DescribeClusterRequest = RequestOf<typeof describeClusterApi>;
export type DescribeClusterResponse = ResponseOf<typeof describeClusterApi>;
