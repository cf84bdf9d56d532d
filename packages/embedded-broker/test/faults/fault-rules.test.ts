import assert from 'node:assert/strict';
import { errorCodes, type OffsetCommitRequest } from '@hearken/protocol';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import type { FaultEffect } from '../../dist/faults/fault-effect.js';
import { resolveFaultMatch, type FaultMatch } from '../../dist/faults/fault-match.js';
import { FaultRules } from '../../dist/faults/fault-rules.js';
import type { BrokerEvent } from '../../dist/faults/recorded-request.js';
import { anArrival, assertAnswers } from './arrivals.js';

function setup() {
  const clock = new ManualClock();
  const events: BrokerEvent[] = [];
  const rules = new FaultRules({ clock, topicName: () => undefined, onEvent: (event) => events.push(event) });
  const add = (match: FaultMatch, effect: FaultEffect): number => rules.add({ ...resolveFaultMatch(match), effect });
  /** Serves a heartbeat; `handled` says how often its handler ran. */
  const heartbeats = { handled: 0, answer: { throttleTimeMs: 0, errorCode: 0 } };
  const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
  const serveHeartbeat = (signal?: AbortSignal) =>
    rules.serve(anArrival('Heartbeat', heartbeat, signal && { signal }), () => {
      heartbeats.handled++;
      return heartbeats.answer;
    });
  return { clock, events, rules, add, heartbeat, heartbeats, serveHeartbeat };
}

/** A request for some partitions, and a broker that tells which of them it was asked to handle. */
function commitOf(...partitions: string[]) {
  const topicsOf = (): OffsetCommitRequest['topics'] => {
    const names = [...new Set(partitions.map((one) => one.split('-')[0]!))];
    return names.map((name) => ({
      name,
      partitions: partitions
        .filter((one) => one.startsWith(`${name}-`))
        .map((one) => ({
          partitionIndex: Number(one.split('-')[1]),
          committedOffset: 1,
          committedLeaderEpoch: -1,
          committedMetadata: null,
        })),
    }));
  };
  return {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: topicsOf(),
  };
}

const commitAnswer = (request: OffsetCommitRequest, errorCode: number) => ({
  throttleTimeMs: 0,
  topics: request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  })),
});

describe('FaultRules', () => {
  it('lets pass what no rule is for', async () => {
    const { add, serveHeartbeat, heartbeats } = setup();
    add({ api: 'JoinGroup' }, { kind: 'close' });
    assert.deepEqual(await serveHeartbeat(), { kind: 'answered', response: heartbeats.answer });
  });

  it('answers nothing where the handler does not', async () => {
    const { rules, heartbeat } = setup();
    assert.deepEqual(await rules.serve(anArrival('Heartbeat', heartbeat), () => undefined), { kind: 'unanswered' });
  });

  it('asks rules in the order in which they were made; those not asked have counted the request', async () => {
    const { add, serveHeartbeat } = setup();
    add({ api: 'Heartbeat', times: 1 }, { kind: 'close' });
    add({ api: 'Heartbeat', nth: 2 }, { kind: 'drop-request' });
    add({ api: 'Heartbeat', nth: 1 }, { kind: 'error', errorCode: 27 });
    const kinds = [await serveHeartbeat(), await serveHeartbeat(), await serveHeartbeat(), await serveHeartbeat()];
    assert.deepEqual(
      kinds.map(({ kind }) => kind),
      ['closed', 'unanswered', 'answered', 'answered'],
    );
    assert.deepEqual((kinds[2] as { response: unknown }).response, {
      refused: 27,
      request: { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null },
    });
  });

  it('leaves off with a rule that was removed', async () => {
    const { rules, add, serveHeartbeat } = setup();
    const [first] = [add({ api: 'Heartbeat' }, { kind: 'close' }), add({ api: 'Heartbeat' }, { kind: 'drop-request' })];
    rules.remove(first);
    assert.equal((await serveHeartbeat()).kind, 'unanswered');
    rules.clear();
    assert.equal((await serveHeartbeat()).kind, 'answered');
  });

  describe('error', () => {
    it('refuses and does not handle', async () => {
      const { add, serveHeartbeat, heartbeats } = setup();
      add({ api: 'Heartbeat' }, { kind: 'error', errorCode: errorCodes.REBALANCE_IN_PROGRESS });
      const outcome = await serveHeartbeat();
      assert.equal(outcome.kind, 'answered');
      assert.equal(heartbeats.handled, 0);
    });

    it('refuses one partition; the others are handled, and answered in the order of the request', async () => {
      const { rules, add } = setup();
      add({ api: 'OffsetCommit', topic: 'a', partition: 1 }, { kind: 'error', errorCode: 16 });
      const request = commitOf('a-0', 'a-1', 'a-2', 'b-1');
      const handled: OffsetCommitRequest[] = [];
      const arrival = anArrival('OffsetCommit', request, {
        handle: (rest: OffsetCommitRequest) => (handled.push(rest), commitAnswer(rest, 0)),
      });
      const refusing = { ...arrival.handler, refuse: (r: unknown, code: number) => commitAnswer(r as never, code) };
      const outcome = await rules.serve({ ...arrival, handler: refusing }, () => assert.fail('handled as a whole'));
      assert.deepEqual(handled, [commitOf('a-0', 'a-2', 'b-1')]);
      const expected = commitAnswer(request, 0);
      (expected.topics[0]!.partitions[1] as { errorCode: number }).errorCode = 16;
      assert.deepEqual(outcome, { kind: 'answered', response: expected });
      assertAnswers('OffsetCommit', 9, expected);
    });

    it('handles nothing of a request in which all is meant', async () => {
      const { rules, add } = setup();
      add({ api: 'OffsetCommit', topic: 'a' }, { kind: 'error', errorCode: 16 });
      const request = commitOf('a-0', 'a-1');
      const arrival = anArrival('OffsetCommit', request, { handle: () => assert.fail('handled') });
      const refusing = { ...arrival.handler, refuse: (r: unknown, code: number) => commitAnswer(r as never, code) };
      const outcome = await rules.serve({ ...arrival, handler: refusing }, () => assert.fail('handled'));
      assert.deepEqual(outcome, { kind: 'answered', response: commitAnswer(request, 16) });
    });

    it('has the rest of a fetch not wait for data', async () => {
      const { rules, add } = setup();
      add({ api: 'Fetch', topic: 'a' }, { kind: 'error', errorCode: 6 });
      const partitions = [{ partition: 0 }];
      const request = { maxWaitMs: 500, topics: ['a', 'b'].map((topic) => ({ topic, partitions })) };
      let maxWaitMs: number | undefined;
      const arrival = anArrival('Fetch', request as never, {
        handle: (rest: typeof request) => {
          maxWaitMs = rest.maxWaitMs;
          return { responses: [] };
        },
      });
      await rules.serve({ ...arrival, handler: { ...arrival.handler, refuse: () => ({ responses: [] }) } }, () => {
        assert.fail('handled as a whole');
      });
      assert.equal(maxWaitMs, 0);
    });

    it('changes the answer of a request that asks for all', async () => {
      const { rules, add } = setup();
      add({ api: 'Metadata', topic: 'a' }, { kind: 'error', errorCode: 5 });
      const topic = (name: string) => ({ name, errorCode: 0, partitions: [] });
      const outcome = await rules.serve(anArrival('Metadata', { topics: null } as never), () => ({
        topics: [topic('a'), topic('b')],
      }));
      assert.deepEqual(outcome, {
        kind: 'answered',
        response: { topics: [{ ...topic('a'), errorCode: 5 }, topic('b')] },
      });
    });

    it('closes on a producer that wants no answer, after the rest was handled', async () => {
      const { rules, add } = setup();
      add({ api: 'Produce', topic: 'a' }, { kind: 'error', errorCode: 6 });
      const produce = (...names: string[]) => ({
        transactionalId: null,
        acks: 0,
        timeoutMs: 1,
        topicData: names.map((name) => ({ name, partitionData: [{ index: 0, records: null }] })),
      });
      let written: unknown;
      const arrival = anArrival('Produce', produce('a', 'b'), { handle: (rest) => void (written = rest) });
      const handler = { ...arrival.handler, refuse: () => ({ responses: [] }) };
      assert.deepEqual(await rules.serve({ ...arrival, handler }, () => undefined), { kind: 'closed' });
      assert.deepEqual(written, produce('b'));
    });
  });

  it('drop-request: no effect, no answer', async () => {
    const { add, serveHeartbeat, heartbeats } = setup();
    add({ api: 'Heartbeat' }, { kind: 'drop-request' });
    assert.deepEqual([await serveHeartbeat(), heartbeats.handled], [{ kind: 'unanswered' }, 0]);
  });

  it('drop-response: the effect without the answer', async () => {
    const { add, serveHeartbeat, heartbeats } = setup();
    add({ api: 'Heartbeat' }, { kind: 'drop-response' });
    assert.deepEqual([await serveHeartbeat(), heartbeats.handled], [{ kind: 'unanswered' }, 1]);
  });

  it('close: no effect', async () => {
    const { add, serveHeartbeat, heartbeats } = setup();
    add({ api: 'Heartbeat' }, { kind: 'close' });
    assert.deepEqual([await serveHeartbeat(), heartbeats.handled], [{ kind: 'closed' }, 0]);
  });

  it('truncate: the effect, and the beginning of the answer', async () => {
    const { add, serveHeartbeat, heartbeats, rules, heartbeat } = setup();
    add({ api: 'Heartbeat' }, { kind: 'truncate', bytes: 6 });
    assert.deepEqual(await serveHeartbeat(), { kind: 'truncated', response: heartbeats.answer, afterBytes: 6 });
    assert.equal(heartbeats.handled, 1);
    assert.deepEqual(await rules.serve(anArrival('Heartbeat', heartbeat), () => undefined), { kind: 'closed' });
  });

  it('throttle: answered at once, with the time and a connection that rests', async () => {
    const { add, serveHeartbeat } = setup();
    add({ api: 'Heartbeat' }, { kind: 'throttle', throttleMs: 700 });
    const response = { throttleTimeMs: 700, errorCode: 0 };
    assert.deepEqual(await serveHeartbeat(), { kind: 'answered', response, muteMs: 700 });
  });

  describe('delay', () => {
    it('handles when the time is over, not before', async () => {
      const { add, serveHeartbeat, heartbeats, clock } = setup();
      add({ api: 'Heartbeat' }, { kind: 'delay', delayMs: 500 });
      const served = serveHeartbeat();
      clock.advance(499);
      await eventLoopTurn();
      assert.equal(heartbeats.handled, 0);
      clock.advance(1);
      assert.equal((await served).kind, 'answered');
    });

    it('handles it also if the client has left', async () => {
      const { add, serveHeartbeat, heartbeats, clock } = setup();
      add({ api: 'Heartbeat' }, { kind: 'delay', delayMs: 500 });
      const served = serveHeartbeat(AbortSignal.abort());
      clock.advance(500);
      await served;
      assert.equal(heartbeats.handled, 1);
    });

    it('ends with its rule, and leaves no timer', async () => {
      const { add, serveHeartbeat, rules, clock } = setup();
      const id = add({ api: 'Heartbeat' }, { kind: 'delay', delayMs: 500 });
      const served = serveHeartbeat();
      rules.remove(id);
      assert.equal((await served).kind, 'answered');
      assert.equal(clock.pendingTimers, 0);
    });
  });

  describe('hang', () => {
    it('handles when its rule is removed', async () => {
      const { add, serveHeartbeat, heartbeats, rules } = setup();
      const id = add({ api: 'Heartbeat' }, { kind: 'hang' });
      const [first, second] = [serveHeartbeat(), serveHeartbeat()];
      await eventLoopTurn();
      assert.equal(heartbeats.handled, 0);
      rules.remove(id);
      assert.deepEqual([(await first).kind, (await second).kind, heartbeats.handled], ['answered', 'answered', 2]);
    });

    it('is lost when its client leaves', async () => {
      const { add, serveHeartbeat, heartbeats, rules } = setup();
      add({ api: 'Heartbeat' }, { kind: 'hang' });
      const client = new AbortController();
      const served = serveHeartbeat(client.signal);
      client.abort();
      assert.deepEqual(await served, { kind: 'closed' });
      assert.deepEqual(await serveHeartbeat(AbortSignal.abort()), { kind: 'closed' });
      rules.clear();
      assert.equal(heartbeats.handled, 0);
    });

    it('is lost when the broker is reset, and so is what is delayed', async () => {
      const { add, serveHeartbeat, heartbeats, rules, clock } = setup();
      add({ api: 'Heartbeat', nth: 1 }, { kind: 'hang' });
      add({ api: 'Heartbeat' }, { kind: 'delay', delayMs: 10 });
      const served = [serveHeartbeat(), serveHeartbeat()];
      rules.reset();
      assert.deepEqual(await Promise.all(served), [{ kind: 'closed' }, { kind: 'closed' }]);
      assert.deepEqual([heartbeats.handled, clock.pendingTimers], [0, 0]);
      assert.equal((await serveHeartbeat()).kind, 'answered');
    });
  });

  describe('respond', () => {
    it('answers in the place of the broker', async () => {
      const { add, serveHeartbeat, heartbeats, heartbeat } = setup();
      add({ api: 'Heartbeat' }, { kind: 'respond', responder: (request, { nodeId }) => ({ request, nodeId }) });
      assert.deepEqual(await serveHeartbeat(), { kind: 'answered', response: { request: heartbeat, nodeId: 1 } });
      assert.equal(heartbeats.handled, 0);
    });

    it('may have the broker answer, the request as it is or another', async () => {
      const { rules, add, heartbeat } = setup();
      const other = { ...heartbeat, memberId: 'n' };
      add(
        { api: 'Heartbeat' },
        { kind: 'respond', responder: async (_request, { handle }) => [await handle(), await handle(other)] },
      );
      const arrival = anArrival('Heartbeat', heartbeat, { handle: (request) => ({ handled: request }) });
      assert.deepEqual(await rules.serve(arrival, () => 'as it is'), {
        kind: 'answered',
        response: ['as it is', { handled: other }],
      });
    });

    it('fails as its function does', async () => {
      const { add, serveHeartbeat, events } = setup();
      const responder = () => {
        throw new Error('a bug of the test');
      };
      add({ api: 'Heartbeat' }, { kind: 'respond', responder });
      await assert.rejects(serveHeartbeat(), /a bug of the test/);
      assert.deepEqual(events.at(-1), { kind: 'settled', seq: 1, state: 'closed' });
    });
  });

  describe('what it tells of requests', () => {
    it('tells of each when it comes, with the rule that takes it, and when it is over', async () => {
      const { add, serveHeartbeat, events, clock } = setup();
      const id = add({ api: 'Heartbeat', nth: 2 }, { kind: 'hang' });
      await serveHeartbeat();
      const client = new AbortController();
      const hanging = serveHeartbeat(client.signal);
      const arrived = events.filter((event) => event.kind === 'arrived');
      assert.deepEqual(
        arrived.map(({ request, ruleId }) => [request.seq, request.fault, request.state, ruleId]),
        [
          [1, null, 'pending', undefined],
          [2, 'hang', 'pending', id],
        ],
      );
      const { api, version, receivedAt, groups, sizeBytes } = arrived[0]!.request;
      assert.deepEqual(
        { api, version, receivedAt, groups, sizeBytes },
        {
          api: 'Heartbeat',
          version: 4,
          receivedAt: clock.now(),
          groups: ['g'],
          sizeBytes: 100,
        },
      );
      client.abort();
      await hanging;
      const settled = events.filter((event) => event.kind === 'settled');
      assert.deepEqual(
        settled.map(({ seq, state }) => [seq, state]),
        [
          [1, 'answered'],
          [2, 'closed'],
        ],
      );
    });

    it('keeps no bytes of a request, only how many they are', async () => {
      const { rules, events } = setup();
      const partitionData = [
        { index: 0, records: Buffer.alloc(61) },
        { index: 1, records: null },
      ];
      const request = { transactionalId: null, acks: -1, timeoutMs: 1, topicData: [{ name: 'a', partitionData }] };
      await rules.serve(anArrival('Produce', request), () => ({}));
      const [arrived] = events as [Extract<BrokerEvent, { kind: 'arrived' }>];
      assert.deepEqual(arrived.request.body, {
        ...request,
        topicData: [
          {
            name: 'a',
            partitionData: [
              { index: 0, records: 61 },
              { index: 1, records: null },
            ],
          },
        ],
      });
      structuredClone(events);
    });

    for (const [effect, state] of [
      [{ kind: 'error', errorCode: 27 }, 'answered'],
      [{ kind: 'drop-request' }, 'unanswered'],
      [{ kind: 'drop-response' }, 'unanswered'],
      [{ kind: 'close' }, 'closed'],
      [{ kind: 'truncate', bytes: 1 }, 'closed'],
      [{ kind: 'throttle', throttleMs: 1 }, 'answered'],
    ] as const) {
      it(`${effect.kind} leaves it ${state}`, async () => {
        const { add, serveHeartbeat, events } = setup();
        add({ api: 'Heartbeat' }, effect);
        await serveHeartbeat();
        assert.deepEqual(events.at(-1), { kind: 'settled', seq: 1, state });
      });
    }
  });
});
