import {
  describeClusterApi,
  errorCodes,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
} from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { LISTEN_HOST } from '../net/listener.js';
import { ALL_CLUSTER_OPERATIONS, NOT_ASKED } from './authorized-operations.js';
import type { Handler } from './handler.js';

const ENDPOINTS = { broker: 1, controller: 2 } as const;

export const describeClusterHandler = (cluster: Cluster): Handler<DescribeClusterRequest, DescribeClusterResponse> => ({
  api: describeClusterApi,
  handle({ endpointType, ...asked }) {
    if (endpointType === ENDPOINTS.controller) {
      const message =
        'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER';
      return refused(errorCodes.MISMATCHED_ENDPOINT_TYPE, message);
    }
    if (endpointType !== ENDPOINTS.broker) {
      return refused(errorCodes.UNSUPPORTED_ENDPOINT_TYPE, `Unsupported endpoint type ${endpointType}`);
    }
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes.NONE,
      errorMessage: null,
      endpointType,
      clusterId: cluster.clusterId,
      controllerId: cluster.controllerId,
      brokers: brokersOf(cluster, asked.includeFencedBrokers),
      clusterAuthorizedOperations: asked.includeClusterAuthorizedOperations ? ALL_CLUSTER_OPERATIONS : NOT_ASKED,
    };
  },
  refuse: (_request, errorCode) => refused(errorCode, null),
});

/** A broker that is down is one that the controller has fenced. */
const brokersOf = ({ brokers }: Cluster, withFenced: boolean): DescribeClusterResponse['brokers'] =>
  [...brokers.values()]
    .filter(({ isLive }) => isLive || withFenced)
    .map(({ nodeId, port, isLive }) => ({ brokerId: nodeId, host: LISTEN_HOST, port, rack: null, isFenced: !isLive }));

const refused = (errorCode: number, errorMessage: string | null): DescribeClusterResponse => ({
  throttleTimeMs: 0,
  errorCode,
  errorMessage,
  endpointType: ENDPOINTS.broker,
  clusterId: '',
  controllerId: -1,
  brokers: [],
  clusterAuthorizedOperations: NOT_ASKED,
});
