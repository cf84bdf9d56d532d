import {
  deleteTopicsApi,
  errorCodes,
  ZERO_UUID,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  type ErrorName,
} from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { eachOnce, type Asked } from './each-once.js';
import type { Handler } from './handler.js';

/** By name or by id: the other one is null, or zero. */
type TopicRef = DeleteTopicsRequest['topics'][number];
type TopicAnswer = DeleteTopicsResponse['responses'][number];

/** The first version that names topics by {@link TopicRef}, and the first whose error tells what is disabled. */
const REFS_SINCE = 6;
const DISABLED_SINCE = 3;

export const deleteTopicsHandler = (cluster: Cluster): Handler<DeleteTopicsRequest, DeleteTopicsResponse> => ({
  api: deleteTopicsApi,
  handle(request, context) {
    if (!cluster.config.deleteTopics) {
      const { TOPIC_DELETION_DISABLED, INVALID_REQUEST } = errorCodes;
      const errorCode = context.version >= DISABLED_SINCE ? TOPIC_DELETION_DISABLED : INVALID_REQUEST;
      return this.refuse(request, errorCode, context);
    }
    const asked = eachOnce(refsOf(request, context.version), (ref) => `${ref.name ?? ''} ${ref.topicId}`);
    const ids = new Set(asked.flatMap(({ one }) => (one.name === null ? [one.topicId] : [])));
    const named = new Set(asked.flatMap(({ one }) => (one.name === null ? [] : [cluster.topic(one.name)?.id])));
    // Asked for by its name too: that alone is answered, and nothing is deleted.
    const answered = asked.filter(({ one }) => one.name !== null || !named.has(one.topicId));
    return answer(answered.map((one) => remove(cluster, one, ids)));
  },
  refuse: (request, errorCode, { version }) =>
    answer(refsOf(request, version).map((ref) => ({ ...ref, errorCode, errorMessage: null }))),
});

const refsOf = ({ topics, topicNames }: DeleteTopicsRequest, version: number): readonly TopicRef[] =>
  version >= REFS_SINCE ? topics : topicNames.map((name) => ({ name, topicId: ZERO_UUID }));

/** @param ids what is asked for by its id */
function remove(cluster: Cluster, { one: ref, isRepeated }: Asked<TopicRef>, ids: ReadonlySet<string>): TopicAnswer {
  const { name, topicId } = ref;
  const byName = name !== null;
  if (byName === (topicId !== ZERO_UUID)) {
    return refused(
      ref,
      'INVALID_REQUEST',
      byName ? 'You may not specify both topic name and topic id.' : 'Neither topic name nor id were specified.',
    );
  }
  if (isRepeated) return refused(ref, 'INVALID_REQUEST', `Duplicate topic ${byName ? 'name' : 'id'}.`);
  const topic = byName ? cluster.topic(name) : cluster.topicById(topicId);
  if (topic === undefined) {
    return byName
      ? refused(ref, 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
      : refused(ref, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.');
  }
  const found = { name: topic.name, topicId: topic.id };
  if (byName && ids.has(topic.id)) {
    return refused(found, 'INVALID_REQUEST', 'The provided topic name maps to an ID that was already supplied.');
  }
  cluster.deleteTopic(topic.name);
  return { ...found, errorCode: errorCodes.NONE, errorMessage: null };
}

const refused = (ref: TopicRef, error: ErrorName, errorMessage: string): TopicAnswer => ({
  ...ref,
  errorCode: errorCodes[error],
  errorMessage,
});

const answer = (responses: readonly TopicAnswer[]): DeleteTopicsResponse => ({ throttleTimeMs: 0, responses });
