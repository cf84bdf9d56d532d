import {
  errorCodes,
  metadataApi,
  ZERO_UUID,
  type ErrorName,
  type MetadataRequest,
  type MetadataResponse,
} from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import type { Partition } from '../cluster/partition.js';
import { topicNameProblem } from '../cluster/topic-name.js';
import type { Topic } from '../cluster/topic.js';
import { LISTEN_HOST } from '../net/listener.js';
import { ALL_CLUSTER_OPERATIONS, ALL_TOPIC_OPERATIONS, NOT_ASKED } from './authorized-operations.js';
import type { Handler, RequestContext } from './handler.js';

type AskedTopic = NonNullable<MetadataRequest['topics']>[number];
type TopicAnswer = MetadataResponse['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];

/** The first version in which a topic may be asked for by its id alone. */
const BY_ID_SINCE = 12;

export function metadataHandler(cluster: Cluster): Handler<MetadataRequest, MetadataResponse> {
  return {
    api: metadataApi,
    handle(request, context) {
      const asked = askedTopics(request, context);
      if (asked?.some((topic) => isUnreadable(topic, context)) === true) {
        return this.refuse(request, errorCodes.INVALID_REQUEST, context);
      }
      const topics = asked?.map((topic) => find(cluster, topic, request)) ?? [...cluster.topics()];
      return answer(
        cluster,
        request,
        topics.map((topic) => topicAnswer(cluster, topic, request)),
      );
    },
    refuse(request, errorCode, context) {
      const asked =
        askedTopics(request, context) ?? [...cluster.topics()].map(({ name, id }) => ({ name, topicId: id }));
      return answer(
        cluster,
        request,
        asked.map((topic) => ({ ...unknownTopic(topic, request), errorCode, topicAuthorizedOperations: NOT_ASKED })),
      );
    },
  };
}

/** Null: all. Each once. */
function askedTopics({ topics }: MetadataRequest, { version }: RequestContext): readonly AskedTopic[] | null {
  if (topics === null || (version === 0 && topics.length === 0)) return null;
  return [...new Map(topics.map((topic) => [topic.name ?? topic.topicId, topic])).values()];
}

const isUnreadable = ({ name, topicId }: AskedTopic, { version }: RequestContext): boolean =>
  version < BY_ID_SINCE && (name === null || topicId !== ZERO_UUID);

function find(cluster: Cluster, asked: AskedTopic, request: MetadataRequest): Topic | AskedTopic {
  const { name, topicId } = asked;
  if (name === null || topicId !== ZERO_UUID) return cluster.topicById(topicId) ?? { name: null, topicId };
  return cluster.topic(name) ?? (request.allowAutoTopicCreation ? cluster.autoCreate(name) : undefined) ?? asked;
}

function topicAnswer(cluster: Cluster, topic: Topic | AskedTopic, request: MetadataRequest): TopicAnswer {
  if ('topicId' in topic) return unknownTopic(topic, request);
  return {
    errorCode: errorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: false,
    partitions: topic.partitions.map((partition) => partitionAnswer(cluster, partition)),
    topicAuthorizedOperations: topicOperations(request),
  };
}

const unknownTopic = ({ name, topicId }: AskedTopic, request: MetadataRequest): TopicAnswer => ({
  errorCode: errorCodes[whyUnknown(name)],
  name,
  topicId,
  isInternal: false,
  partitions: [],
  topicAuthorizedOperations: name === null ? NOT_ASKED : topicOperations(request),
});

const topicOperations = ({ includeTopicAuthorizedOperations }: MetadataRequest): number =>
  includeTopicAuthorizedOperations ? ALL_TOPIC_OPERATIONS : NOT_ASKED;

function whyUnknown(name: string | null): ErrorName {
  if (name === null) return 'UNKNOWN_TOPIC_ID';
  return topicNameProblem(name) === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION';
}

function partitionAnswer(
  cluster: Cluster,
  { index, leaderId, leaderEpoch, replicas, isr }: Partition,
): PartitionAnswer {
  return {
    errorCode: leaderId === -1 ? errorCodes.LEADER_NOT_AVAILABLE : errorCodes.NONE,
    partitionIndex: index,
    leaderId,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: replicas.filter((nodeId) => cluster.brokers.get(nodeId)?.isLive !== true),
  };
}

const answer = (
  { liveBrokers, clusterId, controllerId }: Cluster,
  request: MetadataRequest,
  topics: readonly TopicAnswer[],
): MetadataResponse => ({
  throttleTimeMs: 0,
  brokers: liveBrokers.map(({ nodeId, port }) => ({ nodeId, host: LISTEN_HOST, port, rack: null })),
  clusterId,
  controllerId,
  topics,
  clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? ALL_CLUSTER_OPERATIONS : NOT_ASKED,
});
