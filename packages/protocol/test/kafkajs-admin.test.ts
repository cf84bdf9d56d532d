import assert from 'node:assert/strict';
import * as ours from '@hearken/protocol';
import type { Api } from '@hearken/protocol';
import { kafkajs, kafkajsFrame, type KafkajsDecoder } from './support/kafkajs.js';

// The second opinion of kafkajs.test.ts, on what its admin client asks and is answered.

const header = { correlationId: 77, clientId: 'hearken' };
const { NONE, SECURITY_DISABLED } = ours.errorCodes;
const rule = { principal: 'User:a', host: '*', operation: 3, permissionType: 2 };

interface Row {
  readonly name: string;
  readonly api: Api<unknown, unknown>;
  readonly last: number;
  readonly request: unknown;
  /** What kafkajs asks for it. */
  readonly theirs: object;
  readonly response: unknown;
  /** What kafkajs must find in our answer. */
  readonly read: object;
}
const row = <Request, Response>(
  name: string,
  api: Api<Request, Response>,
  last: number,
  { request, theirs, response, read }: { request: Request; theirs: object; response: Response; read: object },
): Row => ({ name, api, last, request, theirs, response, read });

const config = { name: 'retention.ms', value: '5' };
const synonyms = [{ name: 'log.retention.ms', value: '5', source: 4 }];
const described = { ...config, readOnly: false, configSource: 1, isSensitive: false, configType: 0 };
const resource = { resourceType: 2, resourceName: 't' };
const refused = { errorCode: SECURITY_DISABLED, errorMessage: 'no authorizer' };
const filter = { resourceType: 2, resourceName: 'r', resourcePatternType: 3, ...rule, principal: null, host: null };
const aclFilter = {
  resourceTypeFilter: 2,
  resourceNameFilter: 'r',
  patternTypeFilter: 3,
  principalFilter: null,
  hostFilter: null,
  operation: 3,
  permissionType: 2,
};
const member = { memberId: 'm', clientId: 'c', clientHost: '/127.0.0.1' };
const blobs = { memberMetadata: Buffer.from('metadata'), memberAssignment: Buffer.from('assignment') };

const ROWS: Row[] = [
  row('describeGroups', ours.describeGroupsApi, 2, {
    theirs: { groupIds: ['g', 'é'] },
    request: { groups: ['g', 'é'], includeAuthorizedOperations: false },
    response: {
      throttleTimeMs: 0,
      groups: [
        {
          errorCode: NONE,
          errorMessage: null,
          groupId: 'g',
          groupState: 'Stable',
          protocolType: 'consumer',
          protocolData: 'range',
          members: [{ ...member, groupInstanceId: null, ...blobs }],
          authorizedOperations: 0,
        },
      ],
    },
    read: {
      groups: [
        {
          errorCode: NONE,
          groupId: 'g',
          state: 'Stable',
          protocolType: 'consumer',
          protocol: 'range',
          members: [{ ...member, ...blobs }],
        },
      ],
    },
  }),
  row('listGroups', ours.listGroupsApi, 2, {
    theirs: {},
    request: { statesFilter: [], typesFilter: [] },
    response: {
      throttleTimeMs: 0,
      errorCode: NONE,
      groups: [{ groupId: 'g', protocolType: 'consumer', groupState: '', groupType: '' }],
    },
    read: { errorCode: NONE, groups: [{ groupId: 'g', protocolType: 'consumer' }] },
  }),
  row('createTopics', ours.createTopicsApi, 3, {
    theirs: {
      topics: [
        { topic: 't', numPartitions: 3, replicationFactor: 1, configEntries: [config] },
        { topic: 'u', replicaAssignment: [{ partition: 0, replicas: [1, 2] }] },
      ],
      timeout: 9,
      validateOnly: true,
    },
    request: {
      topics: [
        { name: 't', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [config] },
        {
          name: 'u',
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
          configs: [],
        },
      ],
      timeoutMs: 9,
      validateOnly: true,
    },
    response: {
      throttleTimeMs: 0,
      topics: [
        {
          name: 't',
          topicId: ours.ZERO_UUID,
          errorCode: NONE,
          errorMessage: null,
          numPartitions: 3,
          replicationFactor: 1,
          configs: null,
        },
      ],
    },
    read: { topicErrors: [{ topic: 't', errorCode: NONE, errorMessage: null }] },
  }),
  row('deleteTopics', ours.deleteTopicsApi, 1, {
    theirs: { topics: ['t', 'u'], timeout: 9 },
    request: { topics: [], topicNames: ['t', 'u'], timeoutMs: 9 },
    response: {
      throttleTimeMs: 0,
      responses: [{ name: 't', topicId: ours.ZERO_UUID, errorCode: NONE, errorMessage: null }],
    },
    read: { topicErrors: [{ topic: 't', errorCode: NONE }] },
  }),
  row('deleteRecords', ours.deleteRecordsApi, 1, {
    theirs: { topics: [{ topic: 't', partitions: [{ partition: 1, offset: '4294967301' }] }], timeout: 9 },
    request: { topics: [{ name: 't', partitions: [{ partitionIndex: 1, offset: 4294967301 }] }], timeoutMs: 9 },
    response: {
      throttleTimeMs: 0,
      topics: [{ name: 't', partitions: [{ partitionIndex: 1, lowWatermark: 4294967301, errorCode: NONE }] }],
    },
    read: { topics: [{ topic: 't', partitions: [{ partition: 1, lowWatermark: 4294967301n, errorCode: NONE }] }] },
  }),
  row('describeAcls', ours.describeAclsApi, 1, {
    theirs: filter,
    request: aclFilter,
    response: {
      throttleTimeMs: 0,
      errorCode: NONE,
      errorMessage: null,
      resources: [{ resourceType: 2, resourceName: 'r', patternType: 3, acls: [rule] }],
    },
    read: {
      errorCode: NONE,
      errorMessage: null,
      resources: [{ resourceType: 2, resourceName: 'r', resourcePatternType: 3, acls: [rule] }],
    },
  }),
  row('createAcls', ours.createAclsApi, 1, {
    theirs: { creations: [{ resourceType: 2, resourceName: 'r', resourcePatternType: 3, ...rule }] },
    request: { creations: [{ resourceType: 2, resourceName: 'r', resourcePatternType: 3, ...rule }] },
    response: { throttleTimeMs: 0, results: [{ errorCode: NONE, errorMessage: null }] },
    read: { creationResponses: [{ errorCode: NONE, errorMessage: null }] },
  }),
  row('deleteAcls', ours.deleteAclsApi, 1, {
    theirs: { filters: [filter] },
    request: { filters: [aclFilter] },
    response: {
      throttleTimeMs: 0,
      filterResults: [
        {
          errorCode: NONE,
          errorMessage: null,
          matchingAcls: [{ ...refused, resourceType: 2, resourceName: 'r', patternType: 3, ...rule }],
        },
      ],
    },
    read: {
      filterResponses: [
        {
          errorCode: NONE,
          errorMessage: null,
          matchingAcls: [{ ...refused, resourceType: 2, resourceName: 'r', resourcePatternType: 3, ...rule }],
        },
      ],
    },
  }),
  row('describeConfigs', ours.describeConfigsApi, 2, {
    theirs: { resources: [{ type: 2, name: 't', configNames: ['retention.ms'] }], includeSynonyms: true },
    request: {
      resources: [{ ...resource, configurationKeys: ['retention.ms'] }],
      includeSynonyms: true,
      includeDocumentation: false,
    },
    response: {
      throttleTimeMs: 0,
      results: [
        {
          errorCode: NONE,
          errorMessage: null,
          ...resource,
          configs: [{ ...described, synonyms, documentation: null }],
        },
      ],
    },
    read: {
      resources: [
        {
          errorCode: NONE,
          errorMessage: null,
          ...resource,
          configEntries: [
            {
              configName: 'retention.ms',
              configValue: '5',
              readOnly: false,
              configSource: 1,
              isDefault: false,
              isSensitive: false,
              configSynonyms: [{ configName: 'log.retention.ms', configValue: '5', configSource: 4 }],
            },
          ],
        },
      ],
    },
  }),
  row('alterConfigs', ours.alterConfigsApi, 1, {
    theirs: { resources: [{ type: 2, name: 't', configEntries: [config] }], validateOnly: true },
    request: { resources: [{ ...resource, configs: [config] }], validateOnly: true },
    response: { throttleTimeMs: 0, responses: [{ errorCode: NONE, errorMessage: null, ...resource }] },
    read: { resources: [{ errorCode: NONE, errorMessage: null, ...resource }] },
  }),
  row('createPartitions', ours.createPartitionsApi, 1, {
    theirs: { topicPartitions: [{ topic: 't', count: 5, assignments: [[1, 2]] }], timeout: 9, validateOnly: true },
    request: {
      topics: [{ name: 't', count: 5, assignments: [{ brokerIds: [1, 2] }] }],
      timeoutMs: 9,
      validateOnly: true,
    },
    response: { throttleTimeMs: 0, results: [{ name: 't', errorCode: NONE, errorMessage: null }] },
    read: { topicErrors: [{ topic: 't', errorCode: NONE, errorMessage: null }] },
  }),
  row('deleteGroups', ours.deleteGroupsApi, 1, {
    theirs: ['g', 'h'],
    request: { groupsNames: ['g', 'h'] },
    response: { throttleTimeMs: 0, results: [{ groupId: 'g', errorCode: NONE }] },
    read: { results: [{ groupId: 'g', errorCode: NONE }] },
  }),
];

/** Of DeleteRecords kafkajs has a maker of decoders, which take the request for the errors' sake. */
const decoderOf = (name: string, version: number, theirs: object): KafkajsDecoder => {
  const decoder = kafkajs(name, version, 'response');
  return typeof decoder === 'function' ? (decoder as (theirs: object) => KafkajsDecoder)(theirs) : decoder;
};

/** Without what kafkajs adds of its own. */
const withoutThrottle = ({
  throttleTime,
  throttleTimeMs,
  clientSideThrottleTime,
  ...rest
}: Record<string, unknown>): object => {
  assert.ok([throttleTime, throttleTimeMs, clientSideThrottleTime].every((ms) => (ms ?? 0) === 0));
  return rest;
};

describe("beside kafkajs' admin client", () => {
  for (const { name, api, last, theirs, request, response, read } of ROWS) {
    for (let version = api.minVersion; version <= last; version++) {
      it(`a ${name} request of version ${version} is the same frame`, async () => {
        const expected = await kafkajsFrame({ ...header, request: kafkajs(name, version, 'request')(theirs) });
        const frame = Buffer.concat(ours.encodeRequest(api, version, header, request));
        assert.equal(frame.toString('hex'), expected.buffer.toString('hex'));
        assert.deepEqual(ours.decodeRequest(api, expected.buffer.subarray(4)).request, request);
      });

      it(`a ${name} answer of version ${version} is read as we mean it`, async () => {
        const body = Buffer.concat(ours.encodeResponse(api, version, 1, response)).subarray(8);
        const answer = await decoderOf(name, version, theirs).decode(body);
        assert.deepEqual(withoutThrottle(answer), read);
      });
    }
  }
});
