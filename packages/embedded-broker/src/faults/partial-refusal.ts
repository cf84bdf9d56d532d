import type { ListShape } from './apis.js';
import {
  answers,
  indexOf,
  nameOf,
  partitionsOf,
  requestListField,
  topicIdOf,
  type Element,
  type Message,
  type PartitionElement,
} from './message-list.js';
import type { RequestMatch } from './request-match.js';

// Errors for some partitions of a request (or some topics, or groups): it is split into what the rule means and the rest,
// the rest is handled, and the answer is put together in the order of the request. Pure: messages in, messages out.

/** A match for what the elements of one list are: topics or groups. */
export interface ElementMatch {
  readonly name: string | undefined;
  readonly partition: number | undefined;
  readonly topicName: (topicId: string) => string | undefined;
}

/** What a rule means within the list of an API; undefined if it means the whole request. */
export function elementMatch(
  { of }: ListShape,
  { topic, partition, group }: RequestMatch,
  topicName: ElementMatch['topicName'],
): ElementMatch | undefined {
  const meant =
    of === 'topic' ? { name: topic, partition, topicName } : { name: group, partition: undefined, topicName };
  return meant.name === undefined && meant.partition === undefined ? undefined : meant;
}

/** A part is undefined if nothing is in it. Together they hold each partition of the request once, in its order. */
export function split(shape: ListShape, request: Message, match: ElementMatch): { meant?: Message; rest?: Message } {
  const field = requestListField(shape, request);
  const list = request[field] as readonly Element[];
  const part = (wanted: boolean): Message | undefined => {
    const elements = list.flatMap((element) => partOf(element, shape.request.partitions, match, wanted));
    return elements.length === 0 ? undefined : { ...request, [field]: elements };
  };
  const [meant, rest] = [part(true), part(false)];
  return { ...(meant && { meant }), ...(rest && { rest }) };
}

function partOf(element: Element, field: string | undefined, match: ElementMatch, wanted: boolean): Element[] {
  if (!isNamed(element, match)) return wanted ? [] : [element];
  const partitions = partitionsOf(element, field);
  if (field === undefined || partitions === undefined || match.partition === undefined) return wanted ? [element] : [];
  const kept = partitions.filter((partition) => (indexOf(partition) === match.partition) === wanted);
  return kept.length === 0 ? [] : [{ ...(element as Message), [field]: kept }];
}

function isNamed(element: Element, { name, topicName }: ElementMatch): boolean {
  if (name === undefined) return true;
  const id = topicIdOf(element);
  if (id === undefined) return nameOf(element) === name;
  return id === name || (nameOf(element) ?? topicName(id)) === name;
}

/**
 * The answer to `request` from those to its parts. What is not in the list (an error of the whole request, a session) is
 * as the handled part says.
 */
export function merge(shape: ListShape, request: Message, refused: Message, handled: Message | undefined): Message {
  const { list, partitions: field } = shape.response;
  const sources = [refused, ...(handled === undefined ? [] : [handled])].map(
    (part) => part[list] as readonly Element[],
  );
  const asked = request[requestListField(shape, request)] as readonly Element[];
  const merged = asked.flatMap((element) => {
    const found = sources.flatMap((source) => source.filter((candidate) => answers(candidate, element)));
    const [first] = found;
    if (first === undefined) return [];
    if (field === undefined || shape.request.partitions === undefined) return [first];
    const byIndex = new Map(found.flatMap((one) => (partitionsOf(one, field) ?? []).map((p) => [indexOf(p), p])));
    const order = partitionsOf(element, shape.request.partitions) ?? [];
    return [{ ...(first as Message), [field]: order.flatMap((p) => byIndex.get(indexOf(p)) ?? []) }];
  });
  return { ...(handled ?? withoutError(refused)), [list]: merged };
}

const withoutError = (answer: Message): Message => ('errorCode' in answer ? { ...answer, errorCode: 0 } : answer);

/** The answer of a handler in which what is meant is refused. */
export function refuseIn(shape: ListShape, answer: Message, match: ElementMatch, errorCode: number): Message {
  const { list, partitions: field } = shape.response;
  const refusePartition = (partition: PartitionElement): PartitionElement =>
    match.partition === undefined || indexOf(partition) === match.partition
      ? { ...(partition as Message), ...shape.refusedAs?.partition, errorCode }
      : partition;
  const refuse = (element: Element): Element => {
    if (!isNamed(element, match) || typeof element === 'string') return element;
    if (match.partition === undefined && 'errorCode' in element) {
      return { ...element, ...shape.refusedAs?.topic, errorCode };
    }
    return field === undefined ? element : { ...element, [field]: partitionsOf(element, field)?.map(refusePartition) };
  };
  return { ...answer, [list]: (answer[list] as readonly Element[]).map(refuse) };
}
