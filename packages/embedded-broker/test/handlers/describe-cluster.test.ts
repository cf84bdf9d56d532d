import assert from 'node:assert/strict';
import { errorCodes } from '@hearken/protocol';
import { createAclsHandler, deleteAclsHandler, describeAclsHandler } from '../../dist/handlers/acls.js';
import { describeClusterHandler } from '../../dist/handlers/describe-cluster.js';
import { aCluster, ask, refusal } from './a-cluster.js';

const [BROKERS, CONTROLLERS] = [1, 2];
const NOT_ASKED = -2147483648;
const asked = { includeClusterAuthorizedOperations: false, endpointType: BROKERS, includeFencedBrokers: false };

describe('DescribeCluster', () => {
  it('tells the brokers that are up, where they listen, and who is the controller', async () => {
    const cluster = aCluster({ brokers: 2 });
    const broker = { host: '127.0.0.1', rack: null, isFenced: false };
    assert.deepEqual(await ask(describeClusterHandler(cluster), asked, { nodeId: 2 }), {
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      endpointType: BROKERS,
      clusterId: 'cluster',
      controllerId: 1,
      brokers: [
        { ...broker, brokerId: 1, port: 9092 },
        { ...broker, brokerId: 2, port: 9093 },
      ],
      clusterAuthorizedOperations: NOT_ASKED,
    });
  });

  it('tells those that are down only who asks for fenced ones', async () => {
    const cluster = aCluster({ brokers: 2 });
    cluster.brokerDown(1);
    const brokers = async (includeFencedBrokers: boolean) =>
      (await ask(describeClusterHandler(cluster), { ...asked, includeFencedBrokers })).brokers.map(
        ({ brokerId, isFenced }) => [brokerId, isFenced],
      );
    assert.deepEqual(await brokers(false), [[2, false]]);
    assert.deepEqual(await brokers(true), [
      [1, true],
      [2, false],
    ]);
  });

  it('tells what Kafka without an authorizer allows', async () => {
    const request = { ...asked, includeClusterAuthorizedOperations: true };
    const { clusterAuthorizedOperations } = await ask(describeClusterHandler(aCluster()), request);
    assert.equal(clusterAuthorizedOperations, 8096); // as recorded from 4.1.0
  });

  it('refuses to tell controllers, or what it does not know', async () => {
    const errorOf = async (endpointType: number) =>
      (await ask(describeClusterHandler(aCluster()), { ...asked, endpointType })).errorCode;
    assert.equal(await errorOf(CONTROLLERS), errorCodes.MISMATCHED_ENDPOINT_TYPE);
    assert.equal(await errorOf(7), errorCodes.UNSUPPORTED_ENDPOINT_TYPE);
  });

  it('can be refused', () => {
    const { errorCode, brokers } = refusal(describeClusterHandler(aCluster()), asked, errorCodes.REQUEST_TIMED_OUT);
    assert.deepEqual([errorCode, brokers], [errorCodes.REQUEST_TIMED_OUT, []]);
  });
});

describe('access control', () => {
  const rule = { principal: 'User:a', host: '*', operation: 3, permissionType: 3 };
  const creation = { resourceType: 2, resourceName: 't', resourcePatternType: 3, ...rule };
  const filter = {
    resourceTypeFilter: 2,
    resourceNameFilter: null,
    patternTypeFilter: 3,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  };
  const noAuthorizer = { errorCode: errorCodes.SECURITY_DISABLED, errorMessage: 'No Authorizer is configured.' };

  // Each in the words of Apache Kafka 4.1.0 without an authorizer.
  it('is not there, and says so', async () => {
    assert.deepEqual(await ask(describeAclsHandler(), filter), {
      throttleTimeMs: 0,
      errorCode: errorCodes.SECURITY_DISABLED,
      errorMessage: 'No Authorizer is configured on the broker',
      resources: [],
    });
    const { results } = await ask(createAclsHandler(), { creations: [creation, creation] });
    assert.deepEqual(results, [noAuthorizer, noAuthorizer]);
    const { filterResults } = await ask(deleteAclsHandler(), { filters: [filter] });
    assert.deepEqual(filterResults, [{ ...noAuthorizer, matchingAcls: [] }]);
  });

  it('can be refused with another error', () => {
    const refused = { errorCode: errorCodes.REQUEST_TIMED_OUT, errorMessage: null };
    assert.equal(refusal(describeAclsHandler(), filter, refused.errorCode).errorCode, refused.errorCode);
    assert.deepEqual(refusal(createAclsHandler(), { creations: [creation] }, refused.errorCode).results, [refused]);
    const { filterResults } = refusal(deleteAclsHandler(), { filters: [filter] }, refused.errorCode);
    assert.deepEqual(filterResults, [{ ...refused, matchingAcls: [] }]);
  });
});
