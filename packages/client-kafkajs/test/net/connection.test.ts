import assert from 'node:assert/strict';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import {
  apiVersionsApi,
  encodeResponse,
  findCoordinatorApi,
  heartbeatApi,
  metadataApi,
  produceApi,
} from '@hearken/protocol';
import { ManualClock, Signal } from '@hearken/testing';
import { metadataRequest } from '../../dist/cluster/metadata.js';
import { KafkaConnectionError } from '../../dist/errors.js';
import type { KafkaOptions } from '../../dist/kafka-options.js';
import { Connection } from '../../dist/net/connection.js';
import { kafkaOptions } from '../support/options.js';
import { rejection } from '../support/rejects.js';
import { ScriptedBroker, withHeader, type Received } from '../support/scripted-broker.js';

const NO_TOPICS = metadataRequest([], false);
const HEARTBEAT = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
const NO_ANSWER = { expectResponse: false } as const;
const OVER = new KafkaConnectionError('the test is over', { code: 'CLIENT_CLOSED' });

/** A handler that does this and sends no answer. */
const silently =
  (act: (received: Received) => void) =>
  (received: Received): undefined => {
    act(received);
  };

describe('Connection', () => {
  afterEach(() => ScriptedBroker.stopAll());

  async function setup(written: Partial<KafkaOptions> = {}) {
    const broker = await ScriptedBroker.start();
    const clock = new ManualClock();
    const closes: Error[] = [];
    const connection = new Connection(broker.address, kafkaOptions(written, clock), (reason) => closes.push(reason));
    return { broker, clock, connection, closes };
  }

  async function opened(written: Partial<KafkaOptions> = {}) {
    const bundle = await setup(written);
    await bundle.connection.open();
    return bundle;
  }

  describe('opening', () => {
    it('asks which versions the broker speaks, naming the client', async () => {
      const { broker } = await opened();
      const [first] = await broker.received.received(1);
      assert.equal(first?.name, 'ApiVersions');
      assert.equal(first.version, 3);
      assert.equal((first.request as { clientSoftwareName: string }).clientSoftwareName, 'hearken');
    });

    it('asks in version 0 when the broker is older', async () => {
      const { broker, connection } = await setup();
      broker.on(apiVersionsApi, ({ version }) => ({
        errorCode: version === 0 ? 0 : 35,
        apiKeys: [{ apiKey: 3, minVersion: 0, maxVersion: 4 }],
        throttleTimeMs: 0,
      }));
      await connection.open();
      await connection.send(metadataApi, NO_TOPICS);
      assert.deepEqual(
        broker.received.items.map(({ name, version }) => `${name} ${version}`),
        ['ApiVersions 3', 'ApiVersions 0', 'Metadata 4'],
      );
    });

    it('rejects when the broker hangs up, with a hint at the protocol', async () => {
      const { broker, connection } = await setup();
      broker.on(apiVersionsApi, ({ client }) => void client.socket.end());
      const error = await rejection(connection.open(), 'CONNECTION_CLOSED');
      assert.match(error.message, /TLS or SASL listener/);
    });

    it('rejects when nothing listens', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, 'close');
      const connection = new Connection({ host: '127.0.0.1', port }, kafkaOptions());
      const error = await rejection(connection.open(), 'CONNECTION_FAILED');
      assert.match(error.message, /nothing listens there/);
      assert.ok(error.retriable);
    });

    it('rejects when there is no connection within connectionTimeout', async () => {
      const clock = new ManualClock();
      const socketFactory = () => new Socket(); // told to connect by nobody, as behind a firewall
      const options = kafkaOptions({ connectionTimeout: 700, socketFactory }, clock);
      const connection = new Connection({ host: 'far.example', port: 9092 }, options);
      const opening = connection.open();
      clock.advance(700);
      const error = await rejection(opening, 'CONNECTION_FAILED');
      assert.match(error.message, /no connection within 700 ms/);
      assert.equal(clock.pendingTimers, 0);
    });

    it('watches for a peer that went without a word, whoever makes the sockets', async () => {
      const { broker } = await setup();
      const calls: unknown[][] = [];
      const socketFactory: KafkaOptions['socketFactory'] = ({ host, port, onConnect }) => {
        const socket = new Socket();
        socket.setKeepAlive = (...call) => (calls.push(call), socket);
        return socket.connect({ host, port }, onConnect);
      };
      const connection = new Connection(broker.address, kafkaOptions({ socketFactory }));
      await connection.open();
      assert.deepEqual(calls, [[true, 60_000]]);
    });

    it('rejects when the socket factory throws', async () => {
      const options = kafkaOptions({
        socketFactory: () => {
          throw new Error('no sockets today');
        },
      });
      const error = await rejection(new Connection({ host: 'a', port: 1 }, options).open(), 'CONNECTION_FAILED');
      assert.match(error.message, /no sockets today/);
    });

    it('rejects with what closed it meanwhile, and leaves no timer', async () => {
      const { clock, connection, closes } = await setup();
      const opening = connection.open();
      connection.close(OVER);
      assert.equal(await rejection(opening), OVER);
      assert.deepEqual(closes, [OVER]);
      assert.equal(clock.pendingTimers, 0);
    });
  });

  describe('requests', () => {
    it('are answered, in the highest version both speak', async () => {
      const { broker, connection } = await opened();
      const { brokers: nodes } = await connection.send(metadataApi, NO_TOPICS);
      assert.deepEqual(nodes, [{ nodeId: 1, ...broker.address, rack: null }]);
      assert.equal(broker.received.last?.version, metadataApi.maxVersion);
    });

    it('keep within the versions asked for', async () => {
      const { broker, connection } = await opened();
      await connection.send(metadataApi, NO_TOPICS, { minVersion: 1, maxVersion: 5 });
      assert.equal(broker.received.last?.version, 5);
      const error = await rejection(connection.send(metadataApi, NO_TOPICS, { minVersion: 99 }), 'UNSUPPORTED_VERSION');
      assert.match(error.message, /Metadata is needed in version 99/);
    });

    it('are made for their version when they are written', async () => {
      const { broker, connection } = await opened();
      const versions: number[] = [];
      await connection.send(metadataApi, (version) => (versions.push(version), NO_TOPICS), { maxVersion: 7 });
      assert.deepEqual(versions, [7]);
      assert.equal(broker.countOf(metadataApi), 1);
    });

    it('reject for an API the broker does not know', async () => {
      const { connection } = await opened();
      await rejection(connection.send(heartbeatApi, HEARTBEAT), 'UNSUPPORTED_VERSION');
    });

    it('go out in the order of the calls and resolve each with its own answer', async () => {
      const { broker, connection } = await setup();
      const nothing = { throttleTimeMs: 0, errorCode: 0, errorMessage: null, host: '', port: 0 };
      broker.on(findCoordinatorApi, ({ request }) => ({ ...nothing, nodeId: Number(request.key) }));
      await connection.open();
      const answers = await Promise.all(
        [5, 3, 8].map((n) => connection.send(findCoordinatorApi, { key: String(n), keyType: 0 })),
      );
      assert.deepEqual(
        answers.map(({ nodeId }) => nodeId),
        [5, 3, 8],
      );
    });

    it('harm no other when one cannot be encoded', async () => {
      const { connection } = await opened();
      const bad = connection.send(metadataApi, () => {
        throw new RangeError('too long');
      });
      const good = connection.send(metadataApi, NO_TOPICS);
      await assert.rejects(bad, RangeError);
      assert.equal((await good).controllerId, 1);
    });

    it('resolve without an answer once they are written, where none is expected', async () => {
      const { broker, connection } = await setup();
      broker.on(produceApi, () => undefined);
      await connection.open();
      const request = { transactionalId: null, acks: 0, timeoutMs: 1, topicData: [] };
      assert.equal(await connection.send(produceApi, request, NO_ANSWER), undefined);
      assert.equal((await connection.send(metadataApi, NO_TOPICS)).controllerId, 1);
    });

    it('without answers prove a connection too: its end is no hint at a wrong protocol', async () => {
      const { broker, connection, closes } = await setup();
      broker.on(produceApi, () => undefined);
      await connection.open();
      await connection.send(produceApi, { transactionalId: null, acks: 0, timeoutMs: 1, topicData: [] }, NO_ANSWER);
      assert.ok(connection.isProven);
      const error = rejection(connection.send(metadataApi, NO_TOPICS), 'CONNECTION_CLOSED');
      broker.connections.last?.socket.destroy();
      assert.doesNotMatch((await error).message, /listener/);
      assert.equal(closes.length, 1);
    });

    it('reject when the answer cannot be read, and harm no other', async () => {
      const { broker, connection } = await opened();
      broker.on(metadataApi, ({ request }) =>
        request.topics?.length === 0 ? Buffer.from([1, 2, 3]) : broker.metadata(null),
      );
      const error = await rejection(connection.send(metadataApi, NO_TOPICS), 'INVALID_RESPONSE');
      assert.ok(error.cause instanceof Error);
      await connection.send(metadataApi, metadataRequest(['t'], false));
    });

    it('reject at once after it closed', async () => {
      const { connection } = await opened();
      connection.close(OVER);
      assert.equal(await rejection(connection.send(metadataApi, NO_TOPICS)), OVER);
    });
  });

  describe('time-outs', () => {
    it('close the connection, naming the late request, and reject the others before anything can be retried', async () => {
      const { broker, clock, connection, closes } = await opened();
      broker.on(metadataApi, () => undefined);
      const late = connection.send(metadataApi, NO_TOPICS, { timeoutMs: 500 });
      const other = connection.send(metadataApi, NO_TOPICS, { timeoutMs: 60_000 });
      await broker.received.received(3);
      clock.advance(500);
      const [first, second] = await Promise.all([
        rejection(late, 'REQUEST_TIMED_OUT'),
        rejection(other, 'CONNECTION_CLOSED'),
      ]);
      assert.match(first.message, /did not answer Metadata within 500 ms/);
      assert.equal(second.cause, first);
      assert.ok(first.retriable && second.retriable);
      assert.ok(connection.isClosed);
      assert.equal(closes.length, 1);
      await broker.connections.last?.closed;
    });

    it('are exact per request, and not armed while nothing is in flight', async () => {
      const { broker, clock, connection } = await opened({ requestTimeout: 1_000 });
      assert.equal(clock.pendingTimers, 0);
      await connection.send(metadataApi, NO_TOPICS);
      assert.equal(clock.pendingTimers, 0);
      const asked = new Signal<Received>();
      broker.on(metadataApi, silently(asked.fire));
      const answer = connection.send(metadataApi, NO_TOPICS, { timeoutMs: 5_000 });
      const received = await asked.wait();
      clock.advance(4_999);
      assert.ok(!connection.isClosed);
      broker.on(metadataApi, () => broker.metadata(null));
      broker.handle(received);
      await answer;
    });
  });

  describe('closing', () => {
    it('rejects everything in flight and destroys the socket', async () => {
      const { broker, clock, connection } = await opened();
      broker.on(metadataApi, () => undefined);
      const waiting = [1, 2, 3].map(() => connection.send(metadataApi, NO_TOPICS));
      await broker.received.received(4);
      connection.close(OVER);
      for (const one of waiting) assert.equal(await rejection(one), OVER);
      await broker.connections.last?.closed;
      assert.equal(clock.pendingTimers, 0);
    });

    it('by the broker rejects what is in flight; outcome unknown', async () => {
      const { broker, connection, closes } = await opened();
      await connection.send(metadataApi, NO_TOPICS);
      assert.ok(connection.isProven);
      broker.on(metadataApi, ({ client }) => void client.socket.destroy());
      const error = await rejection(connection.send(metadataApi, NO_TOPICS), 'CONNECTION_CLOSED');
      assert.ok(error.retriable);
      assert.deepEqual(closes, [error]);
    });

    it('while idle is noticed', async () => {
      const { broker } = await setup();
      const closed = new Signal<Error>();
      const connection = new Connection(broker.address, kafkaOptions(), closed.fire);
      await connection.open();
      broker.connections.last?.socket.destroy();
      await closed.wait();
      assert.ok(connection.isClosed);
    });
  });

  describe('a broker that answers nonsense', () => {
    const nonsense: Record<string, (received: Received) => Buffer> = {
      'an answer to a request that was never sent': ({ correlationId }) =>
        withHeader(correlationId + 100, Buffer.alloc(8)),
      'a size below the smallest': () => Buffer.from([0, 0, 0, 2, 1, 1]),
      'a negative size': () => Buffer.from([0xff, 0xff, 0xff, 0xff]),
      'a size beyond all bounds': () => Buffer.from([0x7f, 0xff, 0xff, 0xff]),
      'an HTTP answer': () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'a TLS alert': () => Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46]),
    };
    for (const [what, bytes] of Object.entries(nonsense)) {
      it(`is left: ${what}`, async () => {
        const { broker, connection } = await opened();
        broker.on(
          metadataApi,
          silently((received) => received.client.send(bytes(received))),
        );
        await rejection(connection.send(metadataApi, NO_TOPICS), 'INVALID_RESPONSE');
        assert.ok(connection.isClosed);
        await broker.connections.last?.closed;
      });
    }

    it('is left when it answers out of order', async () => {
      const { broker, connection } = await opened();
      const both = new Signal();
      const ids: number[] = [];
      broker.on(
        metadataApi,
        silently(({ correlationId }) => {
          if (ids.push(correlationId) === 2) both.fire();
        }),
      );
      const waiting = [connection.send(metadataApi, NO_TOPICS), connection.send(metadataApi, NO_TOPICS)];
      await both.wait();
      broker.connections.last?.send(withHeader(ids[1] ?? -1, Buffer.alloc(8)));
      for (const one of waiting) await rejection(one, 'INVALID_RESPONSE');
    });

    it('hints at TLS when that was the first thing it said', async () => {
      const { broker, connection } = await setup();
      broker.on(
        apiVersionsApi,
        silently(({ client }) => client.send(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46]))),
      );
      const error = await rejection(connection.open(), 'INVALID_RESPONSE');
      assert.match(error.message, /TLS listener \(set ssl\)/);
    });
  });

  it('reads answers that come in one piece, and none after one that is garbage', async () => {
    const { broker, connection } = await opened();
    const seen: Received[] = [];
    broker.on(metadataApi, (received) => {
      if (seen.push(received) < 4) return undefined;
      const answers = seen.map(({ correlationId, version }, i) =>
        i === 2
          ? withHeader(correlationId + 100, Buffer.alloc(8))
          : Buffer.concat(encodeResponse(metadataApi, version, correlationId, broker.metadata([]))),
      );
      received.client.send(Buffer.concat(answers));
      return undefined;
    });
    const sent = [1, 2, 3, 4].map(() => connection.send(metadataApi, NO_TOPICS));
    const ends = await Promise.allSettled(sent);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
    );
  });

  it('reads answers however they are cut', async () => {
    const { broker, connection } = await opened();
    broker.on(metadataApi, ({ correlationId, client, version }) => {
      const answer = broker.metadata([{ topicId: '', name: 'orders' }]);
      const bytes = Buffer.concat(encodeResponse(metadataApi, version, correlationId, answer));
      for (const byte of bytes) client.send(Buffer.from([byte]));
      return undefined;
    });
    const { topics } = await connection.send(metadataApi, metadataRequest(['orders'], false));
    assert.equal(topics[0]?.name, 'orders');
  });
});
