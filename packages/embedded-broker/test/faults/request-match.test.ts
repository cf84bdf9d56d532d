import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RequestFacts } from '../../dist/faults/request-facts.js';
import { matches, type RequestMatch } from '../../dist/faults/request-match.js';

const few = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);

const aTopic = fc.record({
  topic: fc.option(few('orders', 'bills'), { nil: undefined }),
  topicId: fc.option(few('id-1', 'id-2'), { nil: undefined }),
  partitions: fc.option(fc.array(fc.nat(3), { maxLength: 3 })),
});

const someFacts: fc.Arbitrary<RequestFacts> = fc.record({
  api: fc.constantFrom('Produce', 'Fetch', 'OffsetCommit'),
  clientId: fc.option(few('me', 'you')),
  nodeId: fc.integer({ min: 1, max: 2 }),
  groups: fc.array(few('g', 'h'), { maxLength: 2 }),
  topics: fc.option(fc.array(aTopic, { maxLength: 3 })),
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const aMatch: fc.Arbitrary<RequestMatch> = fc.record({
  api: maybe(fc.constantFrom('Produce' as const, 'Fetch' as const)),
  client: maybe(few('me', 'you')),
  group: maybe(few('g', 'h')),
  topic: maybe(few('orders', 'bills', 'id-1')),
  partition: maybe(fc.nat(3)),
  broker: maybe(fc.integer({ min: 1, max: 2 })),
});

const FACTS: RequestFacts = {
  api: 'Fetch',
  clientId: 'me',
  nodeId: 1,
  groups: [],
  topics: [
    { topic: 'orders', topicId: 'id-1', partitions: [0, 1] },
    { topic: 'bills', topicId: undefined, partitions: [2] },
  ],
};

describe('matches', () => {
  it('takes every request without conditions', () => {
    fc.assert(fc.property(someFacts, (facts) => matches({}, facts)));
  });

  it('takes what each of its conditions takes alone; a topic and its partition are one condition', () => {
    fc.assert(
      fc.property(aMatch, someFacts, ({ topic, partition, ...others }, facts) => {
        const each = Object.entries(others).every(([name, value]) => matches({ [name]: value }, facts));
        assert.equal(matches({ ...others, topic, partition }, facts), each && matches({ topic, partition }, facts));
      }),
    );
  });

  it('never takes more with one condition more', () => {
    fc.assert(
      fc.property(aMatch, aMatch, someFacts, (match, more, facts) => {
        const defined = Object.fromEntries(Object.entries(match).filter(([, value]) => value !== undefined));
        if (matches({ ...more, ...defined }, facts)) assert.ok(matches(match, facts));
      }),
    );
  });

  it('knows a topic by its name and by its id', () => {
    assert.ok(matches({ topic: 'orders' }, FACTS));
    assert.ok(matches({ topic: 'id-1' }, FACTS));
    assert.ok(!matches({ topic: 'other' }, FACTS));
  });

  it('wants the partition of the topic it names, not of another', () => {
    assert.ok(matches({ topic: 'orders', partition: 1 }, FACTS));
    assert.ok(!matches({ topic: 'orders', partition: 2 }, FACTS));
    assert.ok(matches({ partition: 2 }, FACTS));
    assert.ok(!matches({ partition: 3 }, FACTS));
  });

  it('takes a request for all topics, or all partitions, for each of them', () => {
    assert.ok(matches({ topic: 'orders', partition: 7 }, { ...FACTS, topics: null }));
    const whole = [{ topic: 'orders', topicId: undefined, partitions: null }];
    assert.ok(matches({ topic: 'orders', partition: 7 }, { ...FACTS, topics: whole }));
    assert.ok(!matches({ topic: 'bills' }, { ...FACTS, topics: whole }));
  });

  it('does not take a request without a client id for any client', () => {
    assert.ok(!matches({ client: 'me' }, { ...FACTS, clientId: null }));
  });
});
