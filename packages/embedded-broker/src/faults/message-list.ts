import { ZERO_UUID } from '@hearken/protocol';
import type { ListShape } from './apis.js';

/** A decoded message, its types forgotten: shapes name its fields. */
export type Message = Readonly<Record<string, unknown>>;

/** A topic, group or resource in a message's list: an object, or only its name. */
export type Element = Message | string;

/** A partition in a message: an object, or only its index. */
export type PartitionElement = Message | number;

/** Resources of other types than this are no topics. */
const TOPIC_RESOURCE = 2;

/** The list of a request; null where it asks for all there are. */
export function requestList(shape: ListShape, request: Message, version: number): readonly Element[] | null {
  const list = request[requestListField(shape, request)] as readonly Element[] | null;
  const asksForAllByNone = shape.refusedAs !== undefined && version === 0 && list?.length === 0; // Metadata v0
  return asksForAllByNone ? null : list;
}

/** Versions differ in the field; the other one is empty. */
export function requestListField(shape: ListShape, request: Message): string {
  const { list } = shape.request;
  return shape.olderList !== undefined && (request[list] as readonly Element[]).length === 0 ? shape.olderList : list;
}

/** The partitions of an element; undefined where the message has none: it is about all of them, or about none. */
export const partitionsOf = (element: Element, field: string | undefined): readonly PartitionElement[] | undefined =>
  field === undefined || typeof element === 'string'
    ? undefined
    : (element[field] as readonly PartitionElement[] | undefined);

/** Kafka's messages have three names for it. */
export const indexOf = (partition: PartitionElement): number =>
  typeof partition === 'number'
    ? partition
    : ((partition.partitionIndex ?? partition.partition ?? partition.index) as number);

/** The name of a topic or group; undefined if it goes by its id, or is neither. */
export function nameOf(element: Element): string | undefined {
  if (typeof element === 'string') return element;
  if ('resourceType' in element && element.resourceType !== TOPIC_RESOURCE) return undefined;
  const name = element.name ?? element.topic ?? element.groupId ?? element.resourceName;
  return name === '' ? undefined : ((name ?? undefined) as string | undefined);
}

export function topicIdOf(element: Element): string | undefined {
  if (typeof element === 'string' || element.topicId === ZERO_UUID) return undefined;
  return element.topicId as string | undefined;
}

/** Whether an answer's element is the one for a request's, which may have named its topic by either. */
export function answers(response: Element, request: Element): boolean {
  if (isResource(request) && isResource(response)) {
    return request.resourceType === response.resourceType && request.resourceName === response.resourceName;
  }
  const id = topicIdOf(request);
  return id === undefined ? nameOf(response) === nameOf(request) : topicIdOf(response) === id;
}

const isResource = (element: Element): element is Message => typeof element !== 'string' && 'resourceType' in element;
