import assert from 'node:assert/strict';
import { findMistakes, levelOf, type ListenerFacts } from '../../dist/application/start-checks.js';

const listener = (id: string, rest: Partial<ListenerFacts> = {}): ListenerFacts => ({
  id,
  cluster: 'default',
  groupId: id,
  topics: ['orders'],
  isMember: true,
  deadLetterTopic: () => undefined,
  handlerTimeoutMs: undefined,
  maxPollIntervalMs: 300_000,
  ...rest,
});

const partitions: Readonly<Record<string, number>> = { orders: 3, refunds: 1, 'orders-dlt': 1 };
const findings = (...listeners: ListenerFacts[]) => findMistakes(listeners, (_, topic) => partitions[topic]);
const codes = (...listeners: ListenerFacts[]) => findings(...listeners).map(({ code }) => code);

describe('start checks', () => {
  it('find nothing where nothing is wrong', () => {
    const shared = { groupId: 'g' };
    assert.deepEqual(findings(listener('a', shared), listener('b', shared), listener('c')), []);
  });

  it('find a group with different topics, and name who reads what', () => {
    const [found] = findings(listener('a', { groupId: 'g' }), listener('b', { groupId: 'g', topics: ['refunds'] }));
    assert.equal(found?.code, 'ONE_GROUP_DIFFERENT_TOPICS');
    assert.match(found.message, /group 'g' .*'a' reads orders, 'b' reads refunds/);
  });

  it('take groups of two clusters, and readers without a membership, for different ones', () => {
    const other = { groupId: 'g', topics: ['refunds'] };
    assert.deepEqual(codes(listener('a', { groupId: 'g' }), listener('b', { ...other, cluster: 'other' })), []);
    assert.deepEqual(codes(listener('a', { groupId: 'g' }), listener('b', { ...other, isMember: false })), []);
  });

  it('find topics that are not there', () => {
    const [found] = findings(listener('a', { topics: ['ordres'] }));
    assert.equal(found?.code, 'MISSING_TOPIC');
    assert.match(found.message, /'a' reads the topic 'ordres', which does not exist/);
  });

  it('find dead-letter topics with fewer partitions', () => {
    const deadLetterTopic = (topic: string): string => `${topic}-dlt`;
    const [found] = findings(listener('a', { deadLetterTopic }));
    assert.equal(found?.code, 'FEWER_DEAD_LETTER_PARTITIONS');
    assert.match(found.message, /'orders' \(3 partitions\) to 'orders-dlt', which has 1/);
    assert.deepEqual(codes(listener('a', { topics: ['refunds'], deadLetterTopic })), []);
  });

  it('find more consumers than partitions', () => {
    const all = ['a', 'b', 'c', 'd'].map((id) => listener(id, { groupId: 'g' }));
    assert.deepEqual(codes(...all.slice(1)), []);
    const [found] = findings(...all);
    assert.equal(found?.code, 'MORE_CONSUMERS_THAN_PARTITIONS');
    assert.match(found.message, /has 4 listeners .* for 3 partitions of orders: 1 of them/);
  });

  it('find listeners that may run longer than a rebalance waits', () => {
    assert.deepEqual(codes(listener('a', { handlerTimeoutMs: 300_000 })), ['HANDLER_TIMEOUT_BEYOND_POLL_INTERVAL']);
    assert.deepEqual(codes(listener('a', { handlerTimeoutMs: 299_999 })), []);
  });

  it('have a level for all or each', () => {
    assert.equal(levelOf('fail', 'MISSING_TOPIC'), 'fail');
    assert.equal(levelOf({ MISSING_TOPIC: 'off' }, 'MISSING_TOPIC'), 'off');
    assert.equal(levelOf({}, 'MISSING_TOPIC'), 'warn');
  });
});
