import {
  addOffsetsToTxnApi,
  addPartitionsToTxnApi,
  alterConfigsApi,
  apiVersionsApi,
  createAclsApi,
  createPartitionsApi,
  createTopicsApi,
  deleteAclsApi,
  deleteGroupsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeAclsApi,
  describeClusterApi,
  describeConfigsApi,
  describeGroupsApi,
  endTxnApi,
  fetchApi,
  findCoordinatorApi,
  heartbeatApi,
  incrementalAlterConfigsApi,
  initProducerIdApi,
  joinGroupApi,
  leaveGroupApi,
  listGroupsApi,
  listOffsetsApi,
  metadataApi,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
  offsetForLeaderEpochApi,
  produceApi,
  syncGroupApi,
  txnOffsetCommitApi,
  type Api,
  type RequestOf,
} from '@hearken/protocol';

/**
 * Where the messages of an API list topics, or groups, and in each of them partitions. `Request` and `Response` are the
 * fields that there are.
 */
export interface ListShape<Request extends string = string, Response extends string = string> {
  readonly of: 'topic' | 'group';
  readonly request: { readonly list: Request; readonly partitions?: string };
  /** The list that versions without the one above have. */
  readonly olderList?: Request;
  readonly response: { readonly list: Response; readonly partitions?: string };
  /**
   * Given where the answer may tell of more than the request named (all topics, all partitions) and nothing changes by
   * it: what else a topic, or a partition, says that is refused. There the answer is changed, not the request split.
   */
  readonly refusedAs?: { readonly topic: object; readonly partition: object };
  /** How the rest of a request is handled of which a part is refused. */
  readonly restWith?: object;
}

/** What rules have to know of an API. */
export interface ApiShape<Request, Response> {
  readonly api: Api<Request, Response>;
  /** The groups that a request is about. */
  readonly groups: ((request: Request) => readonly string[]) | undefined;
  readonly list: ListShape | undefined;
}

/** Lets the compiler check the fields that are named. */
const shape = <Request, Response>(
  api: Api<Request, Response>,
  {
    groups,
    list,
  }: {
    readonly groups?: (request: Request) => readonly string[];
    readonly list?: ListShape<keyof Request & string, keyof Response & string>;
  } = {},
): ApiShape<Request, Response> => ({ api, groups, list });

const ofGroup = (request: { readonly groupId: string }): readonly string[] => [request.groupId];
const topics = { list: 'topics', partitions: 'partitions' } as const;
const topicsBothWays = { of: 'topic', request: topics, response: topics } as const;
const GROUP_KEY_TYPE = 0;

/** Every API that the broker serves, by Kafka's name for it. */
export const apiShapes = {
  Produce: shape(produceApi, {
    list: {
      of: 'topic',
      request: { list: 'topicData', partitions: 'partitionData' },
      response: { list: 'responses', partitions: 'partitionResponses' },
    },
  }),
  Fetch: shape(fetchApi, {
    list: {
      of: 'topic',
      request: topics,
      response: { list: 'responses', partitions: 'partitions' },
      restWith: { maxWaitMs: 0 }, // a fetch with an error in it does not wait for data
    },
  }),
  ListOffsets: shape(listOffsetsApi, { list: topicsBothWays }),
  Metadata: shape(metadataApi, {
    list: {
      of: 'topic',
      request: { list: 'topics' },
      response: topics,
      refusedAs: { topic: { partitions: [] }, partition: { leaderId: -1 } },
    },
  }),
  OffsetCommit: shape(offsetCommitApi, { groups: ofGroup, list: topicsBothWays }),
  OffsetFetch: shape(offsetFetchApi, {
    groups: ofGroup,
    list: {
      of: 'topic',
      request: { list: 'topics', partitions: 'partitionIndexes' },
      response: topics,
      refusedAs: { topic: {}, partition: { committedOffset: -1, committedLeaderEpoch: -1, metadata: '' } },
    },
  }),
  FindCoordinator: shape(findCoordinatorApi, {
    groups: ({ key, keyType }) => (keyType === GROUP_KEY_TYPE ? [key] : []),
  }),
  JoinGroup: shape(joinGroupApi, { groups: ofGroup }),
  Heartbeat: shape(heartbeatApi, { groups: ofGroup }),
  LeaveGroup: shape(leaveGroupApi, { groups: ofGroup }),
  SyncGroup: shape(syncGroupApi, { groups: ofGroup }),
  DescribeGroups: shape(describeGroupsApi, {
    groups: ({ groups }) => groups,
    list: { of: 'group', request: { list: 'groups' }, response: { list: 'groups' } },
  }),
  ListGroups: shape(listGroupsApi),
  ApiVersions: shape(apiVersionsApi),
  CreateTopics: shape(createTopicsApi, {
    list: { of: 'topic', request: { list: 'topics' }, response: { list: 'topics' } },
  }),
  DeleteTopics: shape(deleteTopicsApi, {
    list: { of: 'topic', request: { list: 'topics' }, olderList: 'topicNames', response: { list: 'responses' } },
  }),
  DeleteRecords: shape(deleteRecordsApi, { list: topicsBothWays }),
  InitProducerId: shape(initProducerIdApi),
  OffsetForLeaderEpoch: shape(offsetForLeaderEpochApi, { list: topicsBothWays }),
  AddPartitionsToTxn: shape(addPartitionsToTxnApi, {
    list: {
      of: 'topic',
      request: { list: 'v3AndBelowTopics', partitions: 'partitions' },
      response: { list: 'resultsByTopicV3AndBelow', partitions: 'resultsByPartition' },
    },
  }),
  AddOffsetsToTxn: shape(addOffsetsToTxnApi, { groups: ofGroup }),
  EndTxn: shape(endTxnApi),
  TxnOffsetCommit: shape(txnOffsetCommitApi, { groups: ofGroup, list: topicsBothWays }),
  DescribeAcls: shape(describeAclsApi),
  CreateAcls: shape(createAclsApi),
  DeleteAcls: shape(deleteAclsApi),
  DescribeConfigs: shape(describeConfigsApi, {
    list: { of: 'topic', request: { list: 'resources' }, response: { list: 'results' } },
  }),
  AlterConfigs: shape(alterConfigsApi, {
    list: { of: 'topic', request: { list: 'resources' }, response: { list: 'responses' } },
  }),
  CreatePartitions: shape(createPartitionsApi, {
    list: { of: 'topic', request: { list: 'topics' }, response: { list: 'results' } },
  }),
  DeleteGroups: shape(deleteGroupsApi, {
    groups: ({ groupsNames }) => groupsNames,
    list: { of: 'group', request: { list: 'groupsNames' }, response: { list: 'results' } },
  }),
  IncrementalAlterConfigs: shape(incrementalAlterConfigsApi, {
    list: { of: 'topic', request: { list: 'resources' }, response: { list: 'responses' } },
  }),
  OffsetDelete: shape(offsetDeleteApi, { groups: ofGroup, list: topicsBothWays }),
  DescribeCluster: shape(describeClusterApi),
} as const;

/** One of the APIs that the broker serves, by Kafka's name for it. */
export type ApiName = keyof typeof apiShapes;

export const apiNames = Object.keys(apiShapes) as readonly ApiName[];

/** The decoded request of an API, as `@hearken/protocol` declares it. */
export type RequestBody<Name extends ApiName> = RequestOf<(typeof apiShapes)[Name]['api']>;

/** Whether a rule on this API can go by a topic. */
export const tellsTopics = (name: ApiName): boolean => apiShapes[name].list?.of === 'topic';

/** Whether a rule on this API can go by a partition. */
export const tellsPartitions = (name: ApiName): boolean => {
  const { list } = apiShapes[name];
  return tellsTopics(name) && (list?.request.partitions ?? list?.response.partitions) !== undefined;
};

/** Whether a rule on this API can go by a group. */
export const tellsGroups = (name: ApiName): boolean => apiShapes[name].groups !== undefined;
