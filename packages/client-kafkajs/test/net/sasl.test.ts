import assert from 'node:assert/strict';
import { metadataApi } from '@hearken/protocol';
import { ManualClock, RecordingLogger, Signal } from '@hearken/testing';
import type { Mechanism } from 'kafkajs';
import { metadataRequest } from '../../dist/cluster/metadata.js';
import type { KafkaOptions } from '../../dist/kafka-options.js';
import { Connection } from '../../dist/net/connection.js';
import { renewAfterMs } from '../../dist/net/sasl-session.js';
import { kafkaOptions } from '../support/options.js';
import { rejection } from '../support/rejects.js';
import { loginsAt, startSaslBroker, type SaslScript } from '../support/sasl-broker.js';
import { ScriptedBroker, type Received } from '../support/scripted-broker.js';

const NO_TOPICS = metadataRequest([], false);
const PLAIN = { mechanism: 'plain', username: 'ann', password: 'secret' } as const;

describe('Connection with SASL', () => {
  afterEach(() => ScriptedBroker.stopAll());

  async function setup(script: SaslScript = {}, written: Partial<KafkaOptions> = { sasl: PLAIN }) {
    const broker = await startSaslBroker(script);
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    return {
      broker,
      clock,
      logger,
      connection: new Connection(broker.address, kafkaOptions({ logger, ...written }, clock)),
    };
  }

  it('authenticates before anything else is sent', async () => {
    const seen: string[] = [];
    const { broker, connection } = await setup({ accepts: (bytes) => seen.push(bytes) > 0 });
    await connection.open();
    await connection.send(metadataApi, NO_TOPICS);
    assert.deepEqual(seen, ['\0ann\0secret']);
    assert.deepEqual(
      broker.received.items.map(({ apiKey }) => apiKey),
      [18, 17, 36, 3],
    );
  });

  it('leaves the settings of the user as they are', async () => {
    const sasl = Object.freeze({ ...PLAIN });
    const { connection } = await setup({}, { sasl });
    await connection.open();
    assert.deepEqual(sasl, PLAIN);
  });

  it('rejects wrong credentials without showing them', async () => {
    const { connection } = await setup({ accepts: () => false });
    const error = await rejection(connection.open(), 'AUTHENTICATION_FAILED');
    assert.match(error.message, /check sasl\.username and sasl\.password \(.*Invalid username or password/);
    assert.doesNotMatch(error.message, /secret/);
    assert.equal(error.retriable, false);
  });

  it('says which mechanisms there are', async () => {
    const { connection } = await setup({ mechanisms: ['SCRAM-SHA-512', 'OAUTHBEARER'] });
    const error = await rejection(connection.open(), 'UNSUPPORTED_SASL_MECHANISM');
    assert.match(error.message, /mechanism plain; it offers SCRAM-SHA-512, OAUTHBEARER/);
  });

  it('says that the listener has no SASL', async () => {
    const { connection } = await setup({ handshakeError: 34 });
    assert.match((await rejection(connection.open(), 'UNSUPPORTED_SASL_MECHANISM')).message, /leave out sasl/);
  });

  it("uses the user's own provider, and gives it a logger", async () => {
    const sasl: Mechanism = {
      mechanism: 'custom',
      authenticationProvider: ({ host, logger, saslAuthenticate }) => ({
        authenticate: async () => {
          logger.info('logging in', { host });
          await saslAuthenticate({ request: { encode: () => Buffer.from('\0\0\0\x05hello') } });
        },
      }),
    };
    const seen: string[] = [];
    const { connection, logger } = await setup(
      { mechanisms: ['CUSTOM'], accepts: (bytes) => seen.push(bytes) > 0 },
      { sasl },
    );
    await connection.open();
    assert.deepEqual(seen, ['hello']);
    const namespace = 'SaslAuthenticator-CUSTOM';
    assert.deepEqual(logger.at('info'), [
      { level: 'info', details: { host: '127.0.0.1', namespace }, message: 'logging in' },
    ]);
  });

  it('ends when the provider never settles', async () => {
    const asked = new Signal();
    const sasl: Mechanism = {
      mechanism: 'custom',
      authenticationProvider: () => ({
        authenticate: () => {
          asked.fire();
          return new Promise(() => undefined);
        },
      }),
    };
    const { clock, connection } = await setup({ mechanisms: ['CUSTOM'] }, { sasl, authenticationTimeout: 2_000 });
    const opening = connection.open();
    await asked.wait();
    clock.advance(2_000);
    assert.match((await rejection(opening, 'CONNECTION_FAILED')).message, /longer than 2000 ms/);
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends when the broker never answers', async () => {
    const { broker, clock, connection } = await setup(
      { accepts: () => undefined },
      { sasl: PLAIN, authenticationTimeout: 2_000 },
    );
    const opening = connection.open();
    await broker.received.received(3);
    clock.advance(2_000);
    await rejection(opening, 'CONNECTION_FAILED');
  });

  describe('by OAUTHBEARER', () => {
    const bearer = (oauthBearerProvider: () => Promise<{ value: string }>): Partial<KafkaOptions> => ({
      sasl: { mechanism: 'oauthbearer', oauthBearerProvider },
    });
    const TOKEN = bearer(() => Promise.resolve({ value: 'a.b.c' }));

    it('sends the token', async () => {
      const seen: string[] = [];
      const script = { mechanisms: ['OAUTHBEARER'], accepts: (bytes: string) => seen.push(bytes) > 0 };
      const { connection } = await setup(script, TOKEN);
      await connection.open();
      assert.deepEqual(seen, ['n,,\x01auth=Bearer a.b.c\x01\x01']);
    });

    it('takes what a broker says of a token for its refusal, although it comes without an error code', async () => {
      const { connection } = await setup({ mechanisms: ['OAUTHBEARER'], says: '{"status":"invalid_token"}' }, TOKEN);
      const error = await rejection(connection.open(), 'AUTHENTICATION_FAILED');
      assert.match(error.message, /invalid_token/);
      assert.doesNotMatch(error.message, /a\.b\.c/);
    });

    it('tells that no token could be had, which may be otherwise in a moment', async () => {
      const away = new Error('the token server is away');
      const { connection } = await setup(
        { mechanisms: ['OAUTHBEARER'] },
        bearer(() => Promise.reject(away)),
      );
      const error = await rejection(connection.open(), 'CONNECTION_FAILED');
      assert.match(error.message, /sasl\.oauthBearerProvider failed: the token server is away/);
      assert.equal(error.cause, away);
      assert.ok(error.retriable);
    });
  });

  it('logs in to AWS by its keys, and takes an unchangeable object for them', async () => {
    const seen: string[] = [];
    const sasl = Object.freeze({
      mechanism: 'aws',
      authorizationIdentity: 'id',
      accessKeyId: 'key',
      secretAccessKey: 'secret',
    } as const);
    const script = { mechanisms: ['AWS'], accepts: (bytes: string) => seen.push(bytes) > 0 };
    const { connection } = await setup(script, { sasl });
    await connection.open();
    assert.deepEqual(seen, ['id\0key\0secret\0']);
  });

  describe('with sessions that end', () => {
    const script = { sessionLifetimeMs: 60_000 };

    it('renews one before the request that comes near its end, and keeps no timer for it', async () => {
      const { broker, clock, connection } = await setup(script);
      await connection.open();
      clock.advance(49_999);
      await connection.send(metadataApi, NO_TOPICS);
      assert.equal(loginsAt(broker), 1);
      assert.equal(clock.pendingTimers, 0);
      clock.advance(1);
      await connection.send(metadataApi, NO_TOPICS);
      assert.equal(loginsAt(broker), 2);
      await connection.send(metadataApi, NO_TOPICS);
      assert.equal(loginsAt(broker), 2);
    });

    it('holds what is sent meanwhile, in order', async () => {
      const { broker, clock, connection } = await setup(script);
      await connection.open();
      clock.advance(55_000);
      const topics = ['a', 'b', 'c'];
      const answers = await Promise.all(
        topics.map((name) => connection.send(metadataApi, metadataRequest([name], false))),
      );
      assert.deepEqual(
        answers.map((answer) => answer.topics[0]?.name),
        topics,
      );
      assert.deepEqual(
        broker.received.items.slice(3).map(({ apiKey }) => apiKey),
        [17, 36, 3, 3, 3],
      );
    });

    it('renews only when everything in flight was answered, however long the broker holds it back', async () => {
      const { broker, clock, connection } = await setup(script);
      await connection.open();
      const asked = new Signal<Received>();
      broker.on(metadataApi, (received) => {
        asked.fire(received);
        return undefined;
      });
      const long = connection.send(metadataApi, NO_TOPICS, { timeoutMs: 300_000 });
      const received = await asked.wait();
      clock.advance(55_000);
      const next = connection.send(metadataApi, NO_TOPICS);
      clock.advance(200_000);
      assert.equal(loginsAt(broker), 1);
      assert.ok(!connection.isClosed);
      broker.on(metadataApi, () => broker.metadata([]));
      broker.handle(received);
      await Promise.all([long, next]);
      assert.equal(loginsAt(broker), 2);
    });

    it('rejects what is held when the credentials are no longer good', async () => {
      let isGood = true;
      const { clock, connection } = await setup({ ...script, accepts: () => isGood });
      await connection.open();
      isGood = false;
      clock.advance(55_000);
      const held = [connection.send(metadataApi, NO_TOPICS), connection.send(metadataApi, NO_TOPICS)];
      for (const one of held) await rejection(one, 'AUTHENTICATION_FAILED');
      assert.ok(connection.isClosed);
      assert.equal(clock.pendingTimers, 0);
    });

    it('are renewed by the threshold before their end, short ones at half', () => {
      assert.equal(renewAfterMs(0, 10_000), Infinity);
      assert.equal(renewAfterMs(3_600_000, 10_000), 3_590_000);
      assert.equal(renewAfterMs(15_000, 10_000), 7_500);
    });
  });
});
