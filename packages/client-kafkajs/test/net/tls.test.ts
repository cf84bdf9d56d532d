import assert from 'node:assert/strict';
import { createServer } from 'node:tls';
import { createServer as createPlainServer } from 'node:net';
import { metadataApi } from '@hearken/protocol';
import { ManualClock, Signal } from '@hearken/testing';
import { metadataRequest } from '../../dist/cluster/metadata.js';
import { KafkaConnectionError } from '../../dist/errors.js';
import type { KafkaOptions } from '../../dist/kafka-options.js';
import { Connection } from '../../dist/net/connection.js';
import { kafkaOptions } from '../support/options.js';
import { rejection } from '../support/rejects.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { SELF_SIGNED } from '../support/self-signed.js';

describe('Connection over TLS', () => {
  afterEach(() => ScriptedBroker.stopAll());

  async function setup(ssl: KafkaOptions['ssl'], host = 'localhost') {
    const broker = await ScriptedBroker.start((onSocket) => createServer(SELF_SIGNED, onSocket));
    return { broker, connection: new Connection({ host, port: broker.address.port }, kafkaOptions({ ssl })) };
  }

  it('takes the settings of tls.connect as they are', async () => {
    const { connection } = await setup({ ca: [SELF_SIGNED.cert] });
    await connection.open();
    assert.equal((await connection.send(metadataApi, metadataRequest([], false))).controllerId, 1);
    connection.close(new KafkaConnectionError('over', { code: 'CLIENT_CLOSED' }));
  });

  it('says that the authority is unknown', async () => {
    const { connection } = await setup(true);
    const error = await rejection(connection.open(), 'TLS_FAILED');
    assert.match(error.message, /pass it, or the authority that signed it, as ssl\.ca/);
    assert.equal(error.retriable, false);
  });

  it('says that the certificate is for another name', async () => {
    const { connection } = await setup({ ca: [SELF_SIGNED.cert] }, '127.0.0.1');
    assert.match((await rejection(connection.open(), 'TLS_FAILED')).message, /ssl\.servername/);
  });

  it('hints at a listener without TLS', async () => {
    // Kafka takes the client's hello for a size beyond its bounds, and hangs up.
    const broker = await ScriptedBroker.start(() =>
      createPlainServer((socket) => void socket.once('data', () => socket.end())),
    );
    const connection = new Connection(broker.address, kafkaOptions({ ssl: true }));
    assert.match((await rejection(connection.open(), 'CONNECTION_FAILED')).message, /listener without TLS/);
  });

  it('gives up on what accepts and never shakes hands', async () => {
    const accepted = new Signal();
    const broker = await ScriptedBroker.start(() => createPlainServer((socket) => socket.once('data', accepted.fire)));
    const clock = new ManualClock();
    const connection = new Connection(broker.address, kafkaOptions({ ssl: true, connectionTimeout: 700 }, clock));
    const opening = connection.open();
    await accepted.wait(); // its hello
    clock.advance(700);
    assert.match((await rejection(opening, 'CONNECTION_FAILED')).message, /no connection within 700 ms/);
    assert.equal(clock.pendingTimers, 0);
  });

  it('hints at a TLS listener to a client without TLS', async () => {
    const { broker } = await setup(true);
    const connection = new Connection(broker.address, kafkaOptions());
    const error = await rejection(connection.open());
    assert.match(error.message, /TLS/);
    assert.ok(['CONNECTION_CLOSED', 'INVALID_RESPONSE'].includes(error.code));
  });
});
