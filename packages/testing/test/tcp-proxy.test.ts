import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { eventLoopTurn, ManualClock, Recorder, TcpProxy } from '@hearken/testing';
import { FrameSplitter } from '../dist/frame-splitter.js';

const PRODUCE = 0;
const FETCH = 1;

/** A request of Kafka's: size, API key, version, correlation id, then the body. */
function requestOf(apiKey: number, correlationId: number, body = ''): Buffer {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(8 + body.length, 0);
  bytes.writeInt16BE(apiKey, 4);
  bytes.writeInt16BE(9, 6);
  bytes.writeInt32BE(correlationId, 8);
  bytes.write(body, 12);
  return bytes;
}

/** Answers each request with its correlation id and its body, and keeps what it got. */
class EchoBroker {
  readonly requests = new Recorder<string>();
  readonly closed = new Recorder<Socket>();
  readonly bytes = new Recorder<number>();
  readonly sockets: Socket[] = [];
  readonly server: Server;

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      const splitter = new FrameSplitter();
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => {
        this.bytes.record((bytes += chunk.length));
        for (const frame of splitter.push(chunk)) {
          this.requests.record(`${frame.readInt32BE(8)}${frame.toString('latin1', 12)}`);
          const answer = Buffer.from(frame.subarray(4)); // size, correlation id, body
          answer.writeUInt32BE(frame.length - 8, 0);
          socket.write(answer);
        }
      });
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.closed.record(socket));
    });
  }

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }
}

describe('TcpProxy', () => {
  let broker: EchoBroker;
  let proxy: TcpProxy;
  let port: number;
  const clock = new ManualClock();
  const clients: Socket[] = [];
  beforeEach(async () => {
    broker = new EchoBroker();
    port = await broker.listen();
    proxy = await TcpProxy.start({ clock });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.stop();
    for (const socket of broker.sockets) socket.destroy();
    broker.server.close();
  });

  /** A client's socket through the proxy; keeps the answers, as correlation id and body, and the pieces of one. */
  async function client(): Promise<{ socket: Socket; answers: Recorder<string>; pieces: Recorder<number> }> {
    const connected = new Recorder<boolean>();
    const socket = proxy.socketFactory({ host: '127.0.0.1', port, onConnect: () => connected.record(true) });
    clients.push(socket);
    const answers = new Recorder<string>();
    const pieces = new Recorder<number>();
    const splitter = new FrameSplitter();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      pieces.record(chunk.length);
      for (const frame of splitter.push(chunk)) answers.record(`${frame.readInt32BE(4)}${frame.toString('latin1', 8)}`);
    });
    await connected.received(1);
    return { socket, answers, pieces };
  }

  it('passes everything on without a fault, however it is cut, and counts it', async () => {
    const { socket, answers } = await client();
    const body = 'x'.repeat(1_000_000);
    for (const byte of requestOf(PRODUCE, 1, 'a')) socket.write(Buffer.of(byte));
    socket.write(Buffer.concat([requestOf(FETCH, 2, 'b'), requestOf(FETCH, 3, body)]));
    assert.deepEqual(await answers.received(3), ['1a', '2b', `3${body}`]);
    assert.deepEqual(proxy.traffic('request'), { frames: 3, bytes: 1_000_000 + 38 });
    assert.deepEqual(proxy.traffic('response'), { frames: 3, bytes: 1_000_000 + 26 });
    assert.equal(proxy.connections, 1);
  });

  it('tells the end of either side to the other', async () => {
    const first = await client();
    first.socket.write(requestOf(PRODUCE, 1));
    await first.answers.received(1);
    first.socket.end();
    await broker.closed.received(1);
    const second = await client();
    second.socket.write(requestOf(PRODUCE, 1));
    await second.answers.received(1);
    broker.sockets.at(-1)!.destroy();
    await once(second.socket, 'close');
  });

  it('tells frames by API, direction, connection and number, responses by their request', async () => {
    const { socket, answers } = await client();
    const meant = proxy.awaitFrame({ api: 'Produce', direction: 'response', nth: 2 });
    const other = proxy.awaitFrame({ where: ({ bytes }) => bytes.includes('needle') });
    for (const [i, api] of [PRODUCE, FETCH, PRODUCE, PRODUCE].entries()) socket.write(requestOf(api, i));
    socket.write(requestOf(77, 9, 'needle'));
    await answers.received(5);
    const { bytes, ...frame } = await meant;
    assert.deepEqual(frame, {
      ...{ direction: 'response', broker: `127.0.0.1:${port}`, connection: 1 },
      ...{ apiKey: 0, apiVersion: 9, correlationId: 2 },
    });
    assert.equal(bytes.length, 8);
    assert.equal((await other).apiKey, 77);
  });

  it('swallows: the third answer to Produce never comes, the next does', async () => {
    const { socket, answers } = await client();
    const fault = proxy.swallow({ api: 'Produce', direction: 'response', nth: 3 });
    for (const [i, api] of [PRODUCE, PRODUCE, FETCH, PRODUCE, PRODUCE].entries()) socket.write(requestOf(api, i));
    assert.deepEqual(await answers.received(4), ['0', '1', '2', '4']);
    assert.equal((await fault.struck).correlationId, 3);
    assert.equal(fault.hits, 1);
    assert.equal(broker.requests.count, 5);
  });

  it('swallows until it is ended', async () => {
    const { socket, answers } = await client();
    const fault = proxy.swallow({ direction: 'request' });
    socket.write(requestOf(PRODUCE, 1));
    await fault.struck;
    fault.end();
    socket.write(requestOf(PRODUCE, 2));
    assert.deepEqual(await answers.received(1), ['2']);
    assert.deepEqual(broker.requests.items, ['2']);
  });

  it('swallows the end of a connection too: half-open', async () => {
    const { socket, answers } = await client();
    socket.write(requestOf(PRODUCE, 1));
    await answers.received(1);
    const fault = proxy.swallow({});
    broker.sockets[0]!.destroy();
    await fault.struck;
    socket.write(requestOf(PRODUCE, 2));
    await proxy.awaitFrame({ correlationId: 2 });
    assert.equal(socket.readyState, 'open');
    assert.equal(proxy.connections, 1);
  });

  it('delivers a request twice and its answer once, an answer twice', async () => {
    const { socket, answers } = await client();
    proxy.duplicate({ api: 'Produce', direction: 'request', nth: 1 });
    proxy.duplicate({ api: 'Fetch', direction: 'response' });
    socket.write(Buffer.concat([requestOf(PRODUCE, 1), requestOf(FETCH, 2), requestOf(PRODUCE, 3)]));
    assert.deepEqual(await answers.received(4), ['1', '2', '2', '3']);
    assert.deepEqual(broker.requests.items, ['1', '1', '2', '3']);
  });

  it('holds a frame and what is behind it until the fault ends, in order', async () => {
    const { socket, answers } = await client();
    const fault = proxy.hold({ api: 'Fetch', direction: 'response' });
    socket.write(Buffer.concat([requestOf(PRODUCE, 1), requestOf(FETCH, 2), requestOf(PRODUCE, 3)]));
    await proxy.awaitFrame({ direction: 'response', correlationId: 3 });
    assert.deepEqual(await answers.received(1), ['1']);
    await eventLoopTurn();
    assert.deepEqual(answers.items, ['1']);
    fault.end();
    assert.deepEqual(await answers.received(3), ['1', '2', '3']);
  });

  it('delays by its clock: later, but not one after the other', async () => {
    const { socket, answers } = await client();
    proxy.delay({ direction: 'request' }, 100);
    socket.write(requestOf(PRODUCE, 1));
    await clock.timersPending(1);
    socket.write(requestOf(PRODUCE, 2));
    await clock.timersPending(2);
    clock.advance(99);
    await eventLoopTurn();
    assert.equal(broker.requests.count, 0);
    clock.advance(1);
    assert.deepEqual(await answers.received(2), ['1', '2']);
  });

  it('cuts the connection in place of a frame, or inside it', async () => {
    const { socket, answers, pieces } = await client();
    proxy.cut({ api: 'Fetch', direction: 'response' }, { afterBytes: 400 });
    socket.write(Buffer.concat([requestOf(PRODUCE, 1), requestOf(FETCH, 2, 'x'.repeat(100_000))]));
    await once(socket, 'close');
    assert.deepEqual(answers.items, ['1']);
    assert.equal(
      pieces.items.reduce((sum, length) => sum + length, 0),
      8 + 400,
    );
    await broker.closed.received(1);
  });

  it('cuts inside a request: the broker gets a part of it', async () => {
    const { socket } = await client();
    const fault = proxy.cut({ direction: 'request', nth: 2 }, { afterBytes: 10 });
    socket.write(Buffer.concat([requestOf(PRODUCE, 1), requestOf(PRODUCE, 2, 'more')]));
    await once(socket, 'close');
    await broker.closed.received(1);
    assert.deepEqual(broker.requests.items, ['1']);
    assert.equal(broker.bytes.last, 12 + 10);
    assert.equal(fault.hits, 1);
  });

  it('disconnects what is open, and takes new connections', async () => {
    const { socket } = await client();
    socket.write(requestOf(PRODUCE, 1));
    await broker.requests.received(1);
    proxy.disconnect('127.0.0.1:1');
    assert.equal(socket.readyState, 'open');
    proxy.disconnect(`127.0.0.1:${port}`);
    await once(socket, 'close');
    const next = await client();
    next.socket.write(requestOf(PRODUCE, 2));
    assert.deepEqual(await next.answers.received(1), ['2']);
  });

  it('applies the fault that was set first; a watch hinders none', async () => {
    const { socket, answers } = await client();
    const watched = proxy.awaitFrame({ correlationId: 1 });
    using first = proxy.swallow({ direction: 'request', correlationId: 1 });
    using second = proxy.duplicate({ direction: 'request' });
    socket.write(Buffer.concat([requestOf(PRODUCE, 1), requestOf(PRODUCE, 2)]));
    await answers.received(1);
    assert.deepEqual(broker.requests.items, ['2', '2']);
    assert.equal((await watched).correlationId, 1);
    assert.deepEqual([first.hits, second.hits], [1, 2]);
  });

  it('passes TLS on as bytes, which it can hold, cut and count', async () => {
    const psk = Buffer.alloc(32, 7);
    const secret = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const server = createTlsServer({ ...secret, pskCallback: () => psk }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connected = new Recorder<boolean>();
    const ssl = { ...secret, pskCallback: () => ({ psk, identity: 'client' }), checkServerIdentity: () => undefined };
    const at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const socket = proxy.socketFactory({ ...at, ssl, onConnect: () => connected.record(true) });
    clients.push(socket);
    socket.on('error', () => socket.destroy());
    await connected.received(1);
    const echoed = new Recorder<string>();
    socket.on('data', (chunk: Buffer) => echoed.record(chunk.toString()));
    socket.write('a request');
    assert.deepEqual(await echoed.received(1), ['a request']);
    proxy.cut({ direction: 'request', nth: 1 });
    socket.write('another');
    const { apiKey, bytes } = await proxy.awaitFrame({ direction: 'request' });
    assert.deepEqual([apiKey, bytes.includes('another')], [undefined, false]);
    await once(socket, 'close');
    assert.equal(echoed.count, 1);
    server.close();
  });

  it('ends the client of a broker that is not there', async () => {
    broker.server.close();
    const { socket } = await client();
    await once(socket, 'close');
  });

  it('stops with everything that is open, twice', async () => {
    const { socket } = await client();
    proxy.hold({});
    socket.write(requestOf(PRODUCE, 1));
    await proxy.awaitFrame();
    await Promise.all([once(socket, 'close'), proxy.stop()]);
    await proxy.stop();
    assert.equal(broker.requests.count, 0);
  });
});
