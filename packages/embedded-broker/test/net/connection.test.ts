import assert from 'node:assert/strict';
import { once } from 'node:events';
import { deferred } from '@hearken/core/internal';
import {
  fetchApi,
  heartbeatApi,
  ProtocolError,
  type HeartbeatRequest,
  type HeartbeatResponse,
} from '@hearken/protocol';
import { eventLoopTurn, ManualClock, Recorder, RecordingLogger } from '@hearken/testing';
import type { FaultHook, Outcome } from '../../dist/faults/fault-hook.js';
import { ClosesConnection, type Handler, type RequestContext } from '../../dist/handlers/handler.js';
import { Listener } from '../../dist/net/listener.js';
import { FrameClient } from './frame-client.js';

type Heartbeats = Handler<HeartbeatRequest, HeartbeatResponse>;

const VERSION = 4;
const noFaults: FaultHook = {
  async serve(_arrival, handle) {
    return { kind: 'answered', response: await handle() };
  },
};
const outcome = (of: (response: unknown) => Outcome): FaultHook => ({
  serve: async (_arrival, handle) => of(await handle()),
});

const named = (groupId: string): HeartbeatRequest => ({
  groupId,
  generationId: 0,
  memberId: '',
  groupInstanceId: null,
});
/** Heartbeat, whose answers are a megabyte each. */
const largeApi: Heartbeats['api'] = { ...heartbeatApi, writeResponse: (to) => to.splice(MEGABYTE) };
const MEGABYTE = Buffer.alloc(1_000_000);
const ANSWER: HeartbeatResponse = { throttleTimeMs: 0, errorCode: 0 };

/** The only deadline is the test's own. */
const until = async (isMet: () => boolean): Promise<void> => {
  while (!isMet()) await eventLoopTurn();
};

describe('Connection', () => {
  const listeners: Listener[] = [];
  afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.close())));

  /** A broker that serves Heartbeat, whose group ids tell requests apart. */
  async function setup(
    handle: Heartbeats['handle'],
    faults: FaultHook = noFaults,
    api: Heartbeats['api'] = heartbeatApi,
  ) {
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    const handled = new Recorder<string>();
    const contexts: RequestContext[] = [];
    const handler: Heartbeats = {
      api,
      handle(request, context) {
        handled.record(request.groupId);
        contexts.push(context);
        return handle(request, context);
      },
      refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode }),
    };
    const handlers = new Map<number, Handler>([[heartbeatApi.key, handler]]);
    const listener = new Listener(0, () => ({ nodeId: 7, handlers, faults, clock, logger }));
    listeners.push(listener);
    await listener.open();
    const client = await FrameClient.open(listener.port);
    const tell = (...names: readonly string[]): void => {
      for (const name of names) client.tell(heartbeatApi, VERSION, named(name));
    };
    return { client, tell, listener, clock, logger, handled, contexts };
  }

  it('tells the handler who asks', async () => {
    const { client, contexts } = await setup(() => ANSWER);
    assert.deepEqual(await client.ask(heartbeatApi, VERSION, named('a')), ANSWER);
    const [{ signal, ...context }] = contexts as [RequestContext];
    assert.deepEqual(context, { version: VERSION, clientId: 'raw', clientHost: '/127.0.0.1', nodeId: 7 });
    assert.equal(signal.aborted, false);
  });

  it('serves one request at a time, and answers in order', async () => {
    const first = deferred<HeartbeatResponse>();
    const { client, tell, handled } = await setup(({ groupId }) => (groupId === 'a' ? first.promise : ANSWER));
    tell('a', 'b', 'c');
    await handled.received(1);
    await eventLoopTurn();
    assert.deepEqual(handled.items, ['a']);
    assert.equal(client.answers.count, 0);

    first.resolve(ANSWER);
    const answers = await client.answers.received(3);
    assert.deepEqual(
      answers.map((frame) => frame.readInt32BE(0)),
      [1, 2, 3],
    );
  });

  it('aborts what waits when the client leaves, and forgets the connection', async () => {
    const { client, tell, contexts, handled, listener } = await setup(async (_request, { signal }) => {
      await once(signal, 'abort');
      return ANSWER;
    });
    tell('a');
    await handled.received(1);
    const { signal } = contexts[0]!;
    client.close();
    await once(signal, 'abort');
    await until(() => listener.openConnections === 0);
  });

  it('handles what had come behind a request when the client left', async () => {
    const first = deferred<HeartbeatResponse>();
    const { client, tell, handled, contexts } = await setup(() => first.promise);
    tell('a', 'b');
    await handled.received(1);
    client.close();
    await once(contexts[0]!.signal, 'abort');
    first.resolve(ANSWER);
    assert.deepEqual(await handled.received(2), ['a', 'b']);
  });

  it('handles nothing any more of a client that had left when the broker closes', async () => {
    const first = deferred<HeartbeatResponse>();
    const { client, tell, handled, contexts, listener } = await setup(() => first.promise);
    tell('a', 'b');
    await handled.received(1);
    client.close();
    await once(contexts[0]!.signal, 'abort');
    assert.equal(listener.openConnections, 1);
    await listener.close();
    first.resolve(ANSWER);
    await eventLoopTurn();
    assert.deepEqual(handled.items, ['a']);
    assert.equal(listener.openConnections, 0);
  });

  it('handles nothing any more when the broker closes', async () => {
    const first = deferred<HeartbeatResponse>();
    const { tell, handled, listener } = await setup(() => first.promise);
    tell('a', 'b');
    await handled.received(1);
    await listener.close();
    first.resolve(ANSWER);
    await eventLoopTurn();
    assert.deepEqual(handled.items, ['a']);
  });

  it('does not handle more requests than whose answers the client reads', async () => {
    const count = 60;
    const { client, handled } = await setup(() => ANSWER, noFaults, largeApi);
    client.socket.pause();
    for (let i = 0; i < count; i++) client.tell(heartbeatApi, VERSION, named(String(i)));
    await handled.received(1);
    await eventLoopTurn();
    await eventLoopTurn();
    assert.ok(handled.count < count / 2, `${handled.count} answers of a megabyte were made`);

    client.socket.resume();
    await client.answers.received(count);
  });

  it('goes on to what a client sent behind an answer that it never read', async () => {
    const count = 60;
    const { client, handled } = await setup(() => ANSWER, noFaults, largeApi);
    client.socket.pause();
    client.socket.cork(); // all in one: what comes after a write has failed is not read any more
    for (let i = 0; i < count; i++) client.tell(heartbeatApi, VERSION, named(String(i)));
    client.socket.uncork();
    await handled.received(1);
    client.close();
    await handled.received(count);
  });

  it('does not take in more than a backlog while a request waits', async () => {
    const first = deferred<HeartbeatResponse>();
    const { client, tell, handled } = await setup(({ groupId }) => (groupId === 'first' ? first.promise : ANSWER));
    const long = 'x'.repeat(30_000);
    const count = 600; // 18 MB: more than what systems keep of a connection
    tell('first');
    for (let i = 0; i < count; i++) tell(long);
    await handled.received(1);
    for (let turn = 0; turn < 1_000; turn++) await eventLoopTurn(); // enough to take in all of it
    assert.ok(client.socket.writableLength > 0, 'the client is not held back');

    first.resolve(ANSWER);
    await client.answers.received(count + 1);
  });

  it('closes on an API that is not served, and says which', async () => {
    const { client, logger } = await setup(() => ANSWER);
    client.tell(fetchApi, 12, aFetch);
    await client.closed;
    const { level, details } = await logger.entries.received(1).then(([entry]) => entry!);
    assert.equal(level, 'warn');
    assert.match(String((details as { error: unknown }).error), /API 1 /);
  });

  it('closes on a request that cannot be read', async () => {
    const { client, logger } = await setup(() => ANSWER);
    client.socket.write(Buffer.from('000000140000000c000400000001ffff7fffffffffffffff', 'hex').fill(0xff, 12));
    await client.closed;
    assert.equal(logger.at('warn').length, 1);
  });

  it('closes on a version that is not spoken', async () => {
    const { client, logger } = await setup(() => ANSWER);
    client.socket.write(Buffer.from('0000000b000c000900000001000000', 'hex'));
    await client.closed;
    const { error } = logger.at('warn')[0]?.details as { error: unknown };
    assert.ok(error instanceof ProtocolError && error.code === 'UNSUPPORTED_VERSION');
  });

  it('survives a handler that fails: its connection alone closes, and the cause is logged', async () => {
    const bug = new TypeError('a bug');
    const { client, tell, logger, listener } = await setup(({ groupId }) => {
      if (groupId === 'bad') throw bug;
      return ANSWER;
    });
    const other = await FrameClient.open(listener.port);
    tell('bad');
    await client.closed;
    assert.equal((logger.at('error')[0]?.details as { error: unknown }).error, bug);
    assert.deepEqual(await other.ask(heartbeatApi, VERSION, named('good')), ANSWER);
  });

  it('closes without a word where closing is the answer', async () => {
    const { client, tell, logger } = await setup(() => {
      throw new ClosesConnection('on purpose');
    });
    tell('a');
    await client.closed;
    assert.deepEqual([...logger.at('error'), ...logger.at('warn')], []);
  });

  it('neither serves nor answers while the broker is paused, and goes on where it was', async () => {
    const { client, tell, handled, listener } = await setup(() => ANSWER);
    listener.pause();
    tell('a');
    const late = await FrameClient.open(listener.port); // accepted, as by the system for a process that is stopped
    late.tell(heartbeatApi, VERSION, named('late'));
    await eventLoopTurn();
    await eventLoopTurn();
    assert.equal(handled.count, 0);

    listener.resume();
    await Promise.all([client.answers.received(1), late.answers.received(1)]);
  });

  it('handles what a client sent to a broker that was paused when it goes on, not when the client leaves', async () => {
    const { client, tell, handled, listener } = await setup(() => ANSWER);
    listener.pause();
    tell('a');
    client.close();
    await client.closed;
    for (let turn = 0; turn < 10; turn++) await eventLoopTurn(); // the broker has noticed
    assert.equal(handled.count, 0);

    listener.resume();
    assert.deepEqual(await handled.received(1), ['a']);
  });

  it('handles nothing that came in a pause when the broker closes', async () => {
    const { tell, handled, listener } = await setup(() => ANSWER);
    listener.pause();
    tell('a');
    await eventLoopTurn();
    await listener.close();
    await eventLoopTurn();
    assert.equal(handled.count, 0);
  });

  it('keeps back an answer that was ready when the broker was paused', async () => {
    const first = deferred<HeartbeatResponse>();
    const { client, tell, handled, listener } = await setup(() => first.promise);
    tell('a');
    await handled.received(1);
    listener.pause();
    first.resolve(ANSWER);
    await eventLoopTurn();
    await eventLoopTurn();
    assert.equal(client.answers.count, 0);
    listener.resume();
    await client.answers.received(1);
  });

  it('does not read a client that is throttled', async () => {
    const faults = outcome((response) => ({ kind: 'answered', response, muteMs: 100 }));
    const { client, tell, handled, clock } = await setup(() => ANSWER, faults);
    tell('a', 'b');
    await client.answers.received(1);
    await clock.timersPending(1);
    assert.deepEqual(handled.items, ['a']);
    clock.advance(99);
    await eventLoopTurn();
    assert.deepEqual(handled.items, ['a']);
    clock.advance(1);
    await client.answers.received(2);
  });

  it('clears the timer of a throttled client that leaves', async () => {
    const faults = outcome((response) => ({ kind: 'answered', response, muteMs: 100 }));
    const { client, tell, clock, contexts } = await setup(() => ANSWER, faults);
    tell('a');
    await clock.timersPending(1);
    client.close();
    await once(contexts[0]!.signal, 'abort');
    assert.equal(clock.pendingTimers, 0);
  });

  it('writes a part of an answer and closes', async () => {
    const faults = outcome((response) => ({ kind: 'truncated', response, afterBytes: 6 }));
    const { client, tell } = await setup(() => ANSWER, faults);
    let bytes = 0;
    client.socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    tell('a', 'b');
    await client.closed;
    assert.equal(bytes, 6);
  });

  it('serves the next request after one that is not answered', async () => {
    const faults: FaultHook = {
      serve: async ({ request }, handle) =>
        (request as HeartbeatRequest).groupId === 'lost'
          ? { kind: 'unanswered' }
          : { kind: 'answered', response: await handle() },
    };
    const { client, tell } = await setup(() => ANSWER, faults);
    tell('lost', 'next');
    const [answer] = await client.answers.received(1);
    assert.equal(answer?.readInt32BE(0), 2);
  });
});

const aFetch = {
  replicaId: -1,
  maxWaitMs: 0,
  minBytes: 0,
  maxBytes: 1,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [],
  forgottenTopicsData: [],
  rackId: '',
};
