import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import type { RecordedRequest } from '../../dist/faults/recorded-request.js';
import { RequestLog } from '../../dist/faults/request-log.js';

function setup() {
  const clock = new ManualClock();
  const log = new RequestLog({ clock });
  let seq = 0;
  const arrive = (init: Partial<RecordedRequest> = {}, ruleId?: number): number => {
    const request = {
      seq: ++seq,
      api: 'Fetch',
      clientId: 'me',
      nodeId: 1,
      groups: [],
      topics: [],
      state: 'pending',
      ...init,
    };
    log.take({ kind: 'arrived', request: request as never, ruleId });
    return seq;
  };
  const seqs = (): number[] => log.all().map((request) => request.seq);
  return { clock, log, arrive, seqs };
}

describe('RequestLog', () => {
  it('has requests in the order in which they came, and what became of them', () => {
    const { log, arrive } = setup();
    const [first, second] = [arrive(), arrive({ api: 'Produce' })];
    log.take({ kind: 'settled', seq: second, state: 'unanswered' });
    assert.deepEqual(
      log.all().map(({ seq, api, state }) => [seq, api, state]),
      [
        [first, 'Fetch', 'pending'],
        [second, 'Produce', 'unanswered'],
      ],
    );
  });

  it('keeps the last thousand', () => {
    const { log, arrive, seqs } = setup();
    for (let i = 0; i < 1_500; i++) arrive();
    assert.deepEqual([seqs().length, seqs()[0], seqs().at(-1)], [1_000, 501, 1_500]);
    log.take({ kind: 'settled', seq: 500, state: 'closed' }); // forgotten: fine
    log.take({ kind: 'settled', seq: 501, state: 'closed' });
    assert.equal(log.all()[0]?.state, 'closed');
  });

  it('keeps fewer where each is about thousands of partitions, but always the last', () => {
    const { log, arrive, seqs } = setup();
    const topicsOf = (count: number) => [
      { topic: 't', topicId: undefined, partitions: Array.from({ length: count }, (_, i) => i) },
    ];
    for (let i = 0; i < 10; i++) arrive({ topics: topicsOf(30_000) });
    assert.deepEqual(seqs(), [8, 9, 10]);
    arrive({ topics: topicsOf(200_000) });
    assert.deepEqual(seqs(), [11]);
    arrive();
    assert.deepEqual(seqs(), [12]);
    assert.equal(log.all().length, 1);
  });

  it('forgets when cleared, and goes on', () => {
    const { log, arrive, seqs } = setup();
    const gone = arrive();
    log.clear();
    arrive();
    log.take({ kind: 'settled', seq: gone, state: 'closed' });
    assert.deepEqual([seqs(), log.all()[0]?.state], [[2], 'pending']);
  });

  it('waits for a request that is meant, by conditions or by a function', async () => {
    const { log, arrive, clock } = setup();
    const byGroup = log.awaitRequest({ api: 'OffsetCommit', group: 'g' });
    const byFunction = log.awaitRequest(({ clientId }) => clientId === 'you');
    arrive({ api: 'OffsetCommit', groups: ['h'] });
    const [commit, yours] = [arrive({ api: 'OffsetCommit', groups: ['g'] }), arrive({ clientId: 'you' })];
    assert.deepEqual([(await byGroup).seq, (await byFunction).seq], [commit, yours]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('does not count what came before, unless told since when', async () => {
    const { log, arrive } = setup();
    const [first, second] = [arrive(), arrive()];
    const fromNowOn = log.awaitRequest({});
    assert.equal((await log.awaitRequest({}, { since: 0 })).seq, first);
    assert.equal((await log.awaitRequest({}, { since: first })).seq, second);
    const later = log.awaitRequest({}, { since: second });
    const third = arrive();
    assert.deepEqual([(await fromNowOn).seq, (await later).seq], [third, third]);
  });

  it('says what came instead when the time is over', async () => {
    const { log, arrive, clock } = setup();
    arrive({ api: 'Metadata' });
    const waiting = log.awaitRequest({ api: 'JoinGroup' }, { timeoutMs: 300 });
    for (const api of ['Fetch', 'Heartbeat', 'Fetch'] as const) arrive({ api });
    clock.advance(300);
    await assert.rejects(waiting, {
      code: 'REQUEST_NOT_SEEN',
      message: 'the broker did not get a request {"api":"JoinGroup"} within 300 ms; it got Fetch 2, Heartbeat 1',
    });
  });

  it('fails who waits by a function that throws, and nobody else', async () => {
    const { log, arrive } = setup();
    const failing = log.awaitRequest(() => {
      throw new Error('a bug of the test');
    });
    const waiting = log.awaitRequest({});
    const seq = arrive();
    await assert.rejects(failing, /a bug of the test/);
    assert.equal((await waiting).seq, seq);
  });

  it('ends every wait when the broker stops', async () => {
    const { log, clock } = setup();
    const waiting = log.awaitRequest({ api: 'JoinGroup' });
    log.close();
    await assert.rejects(waiting, { code: 'STOPPED' });
    await assert.rejects(log.awaitRequest({ api: 'JoinGroup' }), { code: 'STOPPED' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('refuses conditions and options that are none', () => {
    const { log } = setup();
    assert.throws(() => log.awaitRequest({ api: 'Fetsch' as never }), /did you mean 'Fetch'/);
    assert.throws(() => log.awaitRequest({}, { timeout: 1 } as never), /did you mean 'timeoutMs'/);
  });

  it('counts what each rule took', () => {
    const { log, arrive } = setup();
    arrive({}, 4);
    arrive({}, 4);
    arrive();
    assert.deepEqual([log.hitsOf(4), log.hitsOf(5)], [2, 0]);
  });
});
