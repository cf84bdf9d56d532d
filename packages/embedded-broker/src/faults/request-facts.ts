import type { ListShape } from './apis.js';
import { apiShapes, type ApiName } from './apis.js';
import { indexOf, nameOf, partitionsOf, requestList, topicIdOf, type Element, type Message } from './message-list.js';

/** A topic that a request is about. */
export interface RequestTopic {
  /** Undefined if the request named it by an id that no topic has. */
  readonly topic: string | undefined;
  readonly topicId: string | undefined;
  /** Null: the request does not tell partitions apart. */
  readonly partitions: readonly number[] | null;
}

/** What a request says of itself; all that rules go by. */
export interface RequestFacts {
  readonly api: ApiName;
  readonly clientId: string | null;
  /** The broker that was asked. */
  readonly nodeId: number;
  readonly groups: readonly string[];
  /** Null: all there are. */
  readonly topics: readonly RequestTopic[] | null;
}

interface Asked {
  readonly api: ApiName;
  readonly request: unknown;
  readonly version: number;
  readonly clientId: string | null;
  readonly nodeId: number;
}

/** @param topicName the name of a topic with this id */
export function requestFacts(asked: Asked, topicName: (topicId: string) => string | undefined): RequestFacts {
  const { api, clientId, nodeId } = asked;
  const { groups, list } = apiShapes[api];
  const request = asked.request as Message;
  return {
    api,
    clientId,
    nodeId,
    groups: groups?.(request as never) ?? [],
    topics: list?.of === 'topic' ? topicsOf(list, requestList(list, request, asked.version), topicName) : [],
  };
}

function topicsOf(
  { request }: ListShape,
  elements: readonly Element[] | null,
  topicName: (topicId: string) => string | undefined,
): readonly RequestTopic[] | null {
  if (elements === null) return null;
  return elements.map((element) => {
    const topicId = topicIdOf(element);
    return {
      topic: nameOf(element) ?? (topicId === undefined ? undefined : topicName(topicId)),
      topicId,
      partitions: partitionsOf(element, request.partitions)?.map(indexOf) ?? null,
    };
  });
}
