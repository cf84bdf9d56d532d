import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ZERO_UUID } from '@hearken/protocol';
import { apiNames, apiShapes, type ApiName, type ListShape } from '../../dist/faults/apis.js';
import { merge, refuseIn, split, type ElementMatch } from '../../dist/faults/partial-refusal.js';
import {
  indexOf,
  nameOf,
  partitionsOf,
  requestListField,
  type Element,
  type Message,
} from '../../dist/faults/message-list.js';

const topicName = (id: string): string | undefined => (id === 'id-of-bills' ? 'bills' : undefined);
const meant = (name?: string, partition?: number): ElementMatch => ({ name, partition, topicName });
const listOf = (api: ApiName): ListShape => apiShapes[api].list!;

/** The partitions of a request in its order, as `topic-partition`. */
function flat(shape: ListShape, request: Message | undefined): string[] {
  if (request === undefined) return [];
  return (request[requestListField(shape, request)] as Element[]).flatMap((element) =>
    (partitionsOf(element, shape.request.partitions) ?? []).map((one) => `${nameOf(element)}-${indexOf(one)}`),
  );
}

/** A broker that answers for each partition it is asked about. */
function answerTo(shape: ListShape, request: Message | undefined, errorCode: number): Message {
  const elements = request === undefined ? [] : (request[requestListField(shape, request)] as Element[]);
  const { list, partitions } = shape.response;
  return {
    throttleTimeMs: errorCode,
    [list]: elements.map((element) => ({
      name: nameOf(element),
      errorCode,
      ...(partitions && {
        [partitions]: (partitionsOf(element, shape.request.partitions) ?? []).map((one) => ({
          partitionIndex: indexOf(one),
          errorCode,
        })),
      }),
    })),
  };
}

const someTopics = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('orders', 'bills', 'clicks'), indexes: fc.uniqueArray(fc.nat(5)) }),
  { selector: ({ name }) => name },
);

describe('split and merge', () => {
  // Topics with partitions in the three ways in which requests have them: objects, numbers, under other names.
  for (const api of ['OffsetCommit', 'AddPartitionsToTxn', 'Produce'] as const) {
    const shape = listOf(api);
    const element = (index: number): unknown => (api === 'AddPartitionsToTxn' ? index : { partitionIndex: index });
    const aRequest = someTopics.map((topics): Message => ({
      other: 1,
      [shape.request.list]: topics.map(({ name, indexes }) => ({
        name,
        [shape.request.partitions!]: indexes.map(element),
      })),
    }));
    const aMatch = fc
      .record({
        name: fc.option(fc.constantFrom('orders', 'bills'), { nil: undefined }),
        partition: fc.option(fc.nat(5), { nil: undefined }),
      })
      .map(({ name, partition }) => meant(name, partition));

    it(`${api}: each partition is in one part, what is meant in the first`, () => {
      fc.assert(
        fc.property(aRequest, aMatch, (request, match) => {
          const parts = split(shape, request, match);
          const [inMeant, inRest] = [flat(shape, parts.meant), flat(shape, parts.rest)];
          const isMeant = (one: string): boolean =>
            (match.name === undefined || one.startsWith(`${match.name}-`)) &&
            (match.partition === undefined || one.endsWith(`-${match.partition}`));
          const all = flat(shape, request);
          assert.deepEqual(inMeant, all.filter(isMeant));
          assert.deepEqual(
            inRest,
            all.filter((one) => !isMeant(one)),
          );
        }),
      );
    });

    it(`${api}: the answer has each partition once, in the order of the request, with what its part was told`, () => {
      fc.assert(
        fc.property(aRequest, aMatch, (request, match) => {
          const parts = split(shape, request, match);
          const handled = parts.rest && answerTo(shape, parts.rest, 0);
          const merged = merge(shape, request, answerTo(shape, parts.meant, 7), handled);
          const told = (merged[shape.response.list] as Message[]).flatMap((topic) =>
            (topic[shape.response.partitions!] as { partitionIndex: number; errorCode: number }[]).map(
              ({ partitionIndex, errorCode }) => [`${nameOf(topic)}-${partitionIndex}`, errorCode],
            ),
          );
          const refused = new Set(flat(shape, parts.meant));
          assert.deepEqual(
            told,
            flat(shape, request).map((one) => [one, refused.has(one) ? 7 : 0]),
          );
        }),
      );
    });
  }

  it('finds a topic that goes by its id, under its name and under its id', () => {
    const shape = listOf('Fetch');
    const partitions = [{ partition: 0 }];
    const bills = { topic: '', topicId: 'id-of-bills', partitions };
    const other = { topic: '', topicId: 'id-of-nothing', partitions };
    const request = { topics: [bills, other] };
    for (const name of ['bills', 'id-of-bills']) {
      const parts = split(shape, request, meant(name));
      assert.deepEqual(parts, { meant: { topics: [bills] }, rest: { topics: [other] } });
    }
    const answer = (topicId: string, errorCode: number): Message => ({
      errorCode,
      responses: [{ topic: '', topicId, partitions: [{ partitionIndex: 0, errorCode }] }],
    });
    const merged = merge(shape, request, answer('id-of-bills', 7), answer('id-of-nothing', 0));
    assert.deepEqual(merged, {
      errorCode: 0,
      responses: [...(answer('id-of-bills', 7).responses as []), ...(answer('id-of-nothing', 0).responses as [])],
    });
  });

  it('an error of some partitions is none of the request', () => {
    const shape = listOf('Fetch');
    const topic = { topic: 'bills', topicId: ZERO_UUID };
    const request = { topics: [{ ...topic, partitions: [{ partition: 0 }] }] };
    const refused = { errorCode: 7, responses: [{ ...topic, partitions: [{ partitionIndex: 0, errorCode: 7 }] }] };
    assert.deepEqual(merge(shape, request, refused, undefined), { ...refused, errorCode: 0 });
  });

  it('topics that are only named, in whichever field the version has', () => {
    const shape = listOf('DeleteTopics');
    const older = { topics: [], topicNames: ['orders', 'bills'] };
    assert.deepEqual(split(shape, older, meant('bills')), {
      meant: { topics: [], topicNames: ['bills'] },
      rest: { topics: [], topicNames: ['orders'] },
    });
    const newer = {
      topics: [
        { name: null, topicId: 'id-of-bills' },
        { name: 'orders', topicId: ZERO_UUID },
      ],
      topicNames: [],
    };
    const parts = split(shape, newer, meant('bills'));
    assert.deepEqual(parts.meant?.topics, [newer.topics[0]]);
    assert.deepEqual(parts.rest?.topics, [newer.topics[1]]);
  });

  it('configs of brokers are not those of a topic of the same name, nor one those of another', () => {
    const shape = listOf('DescribeConfigs');
    const topic = { resourceType: 2, resourceName: '1' };
    const brokers = ['1', '2'].map((resourceName) => ({ resourceType: 4, resourceName }));
    const request = { resources: [brokers[0], topic, brokers[1]] };
    assert.deepEqual(split(shape, request, meant('1')), {
      meant: { resources: [topic] },
      rest: { resources: brokers },
    });
    const told = (resource: object | undefined, errorCode: number): object => ({ ...resource, errorCode });
    const handled = { results: brokers.map((one) => told(one, 0)) };
    const { results } = merge(shape, request, { results: [told(topic, 7)] }, handled);
    assert.deepEqual(results, [told(brokers[0], 0), told(topic, 7), told(brokers[1], 0)]);
  });

  it('some groups of several', () => {
    const shape = listOf('DescribeGroups');
    const request = { groups: ['g', 'h'] };
    const parts = split(shape, request, meant('h'));
    assert.deepEqual([parts.meant?.groups, parts.rest?.groups], [['h'], ['g']]);
    const merged = merge(
      shape,
      request,
      { groups: [{ groupId: 'h', errorCode: 7 }] },
      { groups: [{ groupId: 'g', errorCode: 0 }] },
    );
    assert.deepEqual(merged.groups, [
      { groupId: 'g', errorCode: 0 },
      { groupId: 'h', errorCode: 7 },
    ]);
  });
});

describe('refuseIn', () => {
  const partition = (partitionIndex: number): Message => ({ partitionIndex, errorCode: 0, leaderId: 1 });
  const answer = {
    topics: [
      { name: 'orders', topicId: ZERO_UUID, errorCode: 0, partitions: [partition(0), partition(1)] },
      { name: 'bills', topicId: 'id-of-bills', errorCode: 0, partitions: [partition(0)] },
    ],
  };

  it('refuses a topic, whatever was asked for', () => {
    const refused = refuseIn(listOf('Metadata'), answer, meant('bills'), 5);
    assert.deepEqual(refused.topics, [answer.topics[0], { ...answer.topics[1], errorCode: 5, partitions: [] }]);
    assert.deepEqual(refuseIn(listOf('Metadata'), answer, meant('id-of-bills'), 5), refused);
  });

  it('refuses one partition, which then has no leader', () => {
    const refused = refuseIn(listOf('Metadata'), answer, meant('orders', 1), 5) as unknown as typeof answer;
    assert.deepEqual(refused.topics[0]?.partitions, [partition(0), { partitionIndex: 1, errorCode: 5, leaderId: -1 }]);
    assert.deepEqual(refused.topics[1], answer.topics[1]);
  });

  it('refuses all partitions of a topic whose answers have no error of the topic', () => {
    const shape = listOf('OffsetFetch');
    const committed = { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: 0, metadata: 'm', errorCode: 0 };
    const refused = refuseIn(shape, { topics: [{ name: 'bills', partitions: [committed] }] }, meant('bills'), 5);
    const nothing = { partitionIndex: 0, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 5 };
    assert.deepEqual(refused.topics, [{ name: 'bills', partitions: [nothing] }]);
  });
});

it('every API with partitions in its requests has them in its answers, or has no list at all', () => {
  for (const name of apiNames) {
    const { list } = apiShapes[name];
    if (list?.request.partitions !== undefined) assert.ok(list.response.partitions !== undefined, name);
  }
});
