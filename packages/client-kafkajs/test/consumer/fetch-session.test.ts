import assert from 'node:assert/strict';
import { errorCodes } from '@hearken/protocol';
import fc from 'fast-check';
import { FetchSession, type SessionEntry, type SessionRequest } from '../../dist/consumer/fetch-session.js';

const { FETCH_SESSION_ID_NOT_FOUND, FETCH_SESSION_TOPIC_ID_ERROR, INVALID_FETCH_SESSION_EPOCH } = errorCodes;

const entry = (partition: number, fetchOffset = 0, more: Partial<SessionEntry> = {}): SessionEntry => ({
  topic: 'orders',
  topicId: 'id-1',
  partition,
  fetchOffset,
  leaderEpoch: 0,
  lastFetchedEpoch: -1,
  ...more,
});

const summary = ({ sessionId, sessionEpoch, entries, forgotten }: SessionRequest<SessionEntry>): unknown[] => [
  sessionId,
  sessionEpoch,
  entries.map(({ partition, fetchOffset }) => `${partition}@${fetchOffset}`),
  forgotten.map(({ partition }) => partition),
];

/** Opened with partitions 0, 1 and 2, as session 7. */
function opened(): FetchSession<SessionEntry> {
  const session = new FetchSession<SessionEntry>();
  for (const partition of [0, 1, 2]) session.want(String(partition), entry(partition));
  session.next();
  session.answered(0, 7);
  return session;
}

describe('FetchSession', () => {
  it('names every partition once, and then what changed', () => {
    const session = new FetchSession<SessionEntry>();
    for (const partition of [0, 1, 2]) session.want(String(partition), entry(partition));
    assert.deepEqual(summary(session.next()), [0, 0, ['0@0', '1@0', '2@0'], []]);
    session.answered(0, 7);
    assert.deepEqual(summary(session.next()), [7, 1, [], []]);
    session.answered(0, 7);
    session.want('1', entry(1, 40));
    session.drop('2');
    session.want('3', entry(3));
    assert.deepEqual(summary(session.next()), [7, 2, ['1@40', '3@0'], [2]]);
  });

  it('does not name what was dropped and wanted again, unless it moved', () => {
    const session = opened();
    session.drop('0');
    session.want('0', entry(0));
    session.drop('1');
    session.want('1', entry(1, 9));
    assert.deepEqual(summary(session.next()), [7, 1, ['1@9'], []]);
  });

  it('names a partition whose leader has another epoch, or whose last record has', () => {
    const session = opened();
    session.want('0', entry(0, 0, { leaderEpoch: 1 }));
    session.want('1', entry(1, 0, { lastFetchedEpoch: 0 }));
    assert.deepEqual(summary(session.next()), [7, 1, ['0@0', '1@0'], []]);
  });

  it('forgets the old id of a topic that was made anew', () => {
    const session = opened();
    session.want('0', entry(0, 0, { topicId: 'id-2' }));
    const { entries, forgotten, replaced } = session.next();
    assert.deepEqual([entries[0]?.topicId, replaced[0]?.topicId, forgotten], ['id-2', 'id-1', []]);
  });

  it('is opened anew, and the old one closed, when an answer was lost or the epoch is wrong', () => {
    for (const end of [
      (session: FetchSession<SessionEntry>) => session.lost(),
      (session: FetchSession<SessionEntry>) => session.answered(INVALID_FETCH_SESSION_EPOCH, 0),
      (session: FetchSession<SessionEntry>) => session.answered(FETCH_SESSION_TOPIC_ID_ERROR, 0),
    ]) {
      const session = opened();
      session.next();
      end(session);
      assert.deepEqual(summary(session.next()), [7, 0, ['0@0', '1@0', '2@0'], []]);
    }
  });

  it('does not name a session that the broker has forgotten', () => {
    const session = opened();
    session.next();
    session.answered(FETCH_SESSION_ID_NOT_FOUND, 0);
    assert.deepEqual(summary(session.next()), [0, 0, ['0@0', '1@0', '2@0'], []]);
  });

  it('names everything each time where the broker gives no session', () => {
    const session = new FetchSession<SessionEntry>();
    session.want('0', entry(0));
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(summary(session.next()), [0, 0, ['0@0'], []]);
      session.answered(0, 0);
    }
  });

  it('begins anew when topics can no longer all go by id', () => {
    const session = opened();
    session.want('5', entry(5, 0, { topicId: undefined }));
    const byName = session.next();
    assert.deepEqual([byName.usesTopicIds, byName.sessionEpoch, byName.entries.length], [false, 0, 4]);
    session.answered(0, 8);
    session.drop('5');
    const byId = session.next();
    assert.deepEqual([byId.usesTopicIds, byId.sessionEpoch, byId.sessionId], [true, 0, 8]);
  });

  it('makes the broker fetch what is wanted, whatever happened before', () => {
    const key = fc.nat(5).map(String);
    const event = fc.oneof(
      { weight: 5, arbitrary: fc.record({ what: fc.constant('want' as const), key, entry: anyEntry }) },
      { weight: 2, arbitrary: fc.record({ what: fc.constant('drop' as const), key }) },
      { weight: 4, arbitrary: fc.record({ what: fc.constant('fetch' as const) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('request-lost' as const, 'answer-lost' as const) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('forgets' as const, 'is-full' as const) }) },
    );
    const law = fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
      const [session, broker] = [new FetchSession<SessionEntry>(), new ModelBroker()];
      const wanted = new Map<string, SessionEntry>();
      for (const one of events) {
        if (one.what === 'want') {
          const made = { ...one.entry, partition: Number(one.key) };
          wanted.set(one.key, made);
          session.want(one.key, made);
        } else if (one.what === 'drop') {
          wanted.delete(one.key);
          session.drop(one.key);
        } else if (one.what === 'forgets') broker.forget();
        else if (one.what === 'is-full') broker.isFull = !broker.isFull;
        else if (one.what === 'request-lost') {
          if (session.size === 0) continue;
          session.next();
          session.lost();
        } else {
          if (session.size === 0) continue; // with nothing to fetch nothing is sent
          const answer = broker.fetch(session.next());
          if (answer.fetched !== undefined) assert.deepEqual(byPartition(answer.fetched), byPartition(wanted.values()));
          if (one.what === 'answer-lost') session.lost();
          else session.answered(answer.errorCode, answer.sessionId);
        }
        assert.equal(session.size, wanted.size);
      }
      // In the end it always comes to an understanding.
      if (wanted.size === 0) return;
      const { errorCode, sessionId } = broker.fetch(session.next());
      session.answered(errorCode, sessionId);
      const last = broker.fetch(session.next());
      assert.deepEqual(byPartition(last.fetched ?? []), byPartition(wanted.values()));
    });
    fc.assert(law, { numRuns: 500 });
  });
});

const anyEntry = fc.record({
  topic: fc.constant('orders'),
  topicId: fc.constantFrom('id-1', 'id-1', 'id-2', undefined),
  fetchOffset: fc.nat(3),
  leaderEpoch: fc.nat(1),
  lastFetchedEpoch: fc.integer({ min: -1, max: 1 }),
});

const byPartition = (entries: Iterable<SessionEntry>): SessionEntry[] =>
  [...entries].sort((a, b) => a.partition - b.partition);

/** After Kafka's `FetchManager` and `FetchSession`: what a broker makes of a request, and which partitions it then fetches. */
class ModelBroker {
  isFull = false;
  #session: { id: number; epoch: number; byId: boolean; partitions: Map<string, SessionEntry> } | undefined;
  #ids = 0;

  forget(): void {
    this.#session = undefined;
  }

  fetch(request: SessionRequest<SessionEntry>): { errorCode: number; sessionId: number; fetched?: SessionEntry[] } {
    const { sessionId, sessionEpoch, usesTopicIds: byId, entries, replaced } = request;
    const forgotten = byId ? [...request.forgotten, ...replaced] : request.forgotten;
    const id = ({ topic, topicId, partition }: SessionEntry): string => `${byId ? topicId : topic}/${partition}`;
    if (sessionEpoch === 0) {
      if (sessionId === this.#session?.id) this.#session = undefined;
      if (this.isFull) return { errorCode: 0, sessionId: 0, fetched: [...entries] };
      const partitions = new Map(entries.map((one) => [id(one), one]));
      this.#session = { id: ++this.#ids, epoch: 1, byId, partitions };
      return { errorCode: 0, sessionId: this.#ids, fetched: [...entries] };
    }
    const session = this.#session;
    if (session?.id !== sessionId) return { errorCode: FETCH_SESSION_ID_NOT_FOUND, sessionId: 0 };
    if (session.epoch !== sessionEpoch) return { errorCode: INVALID_FETCH_SESSION_EPOCH, sessionId: 0 };
    if (session.byId !== byId) return { errorCode: FETCH_SESSION_TOPIC_ID_ERROR, sessionId: 0 };
    for (const one of entries) session.partitions.set(id(one), one);
    for (const one of forgotten) session.partitions.delete(id(one)); // after the others
    session.epoch++;
    return { errorCode: 0, sessionId, fetched: [...session.partitions.values()] };
  }
}
