import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLogger, type Logger } from '@hearken/core';
import { produceApi, type ProduceRequest } from '@hearken/protocol';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { Cluster } from '../../dist/cluster/cluster.js';
import { BrokerConfig } from '../../dist/config/broker-config.js';
import { createHandlers } from '../../dist/handlers/index.js';
import { EmbeddedKafka } from '../../dist/index.js';
import { readIncoming, type Handlers } from '../../dist/net/incoming.js';
import { ProducerIds } from '../../dist/transactions/producer-ids.js';
import { aBatch, fetch, partitionsOf, produce } from '../handlers/setup.js';
import { RawClient } from '../raw-client.js';
import { damage, inventRequest, noise } from './frames.js';
import { seeded, type Random } from './random.js';

const FRAMES = 100_000;
const ROUNDS = 10;
/** Different ones. */
const REQUESTS_PER_ROUND = 2_000;
/** At most; it ends with what cannot be read. */
const FRAMES_PER_CONNECTION = 60;
const CONNECTIONS_AT_ONCE = 16;
/** A round's requests leave behind what the runtime learns; a leak of 100 bytes a frame would be twice as much. */
const MAX_GROWTH_BYTES = 5_000_000;

const TOPICS = ['orders:3', 'payments'];

describe('a hostile client', function () {
  this.timeout(600_000); // every connection is a real one
  // Refusals come by the ten thousand, and nobody looks where they come from.
  const { stackTraceLimit } = Error;
  before(() => (Error.stackTraceLimit = 0));
  after(() => (Error.stackTraceLimit = stackTraceLimit));

  it(`sends ${FRAMES} frames, and nothing crashes, hangs or stays behind`, async () => {
    const clock = new ManualClock();
    const failures: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (details) => failures.push(details) };
    await using kafka = await EmbeddedKafka.start({ topics: TOPICS, clock, logger });
    const handlers = servedApis();
    const random = seeded(5);
    const heap: number[] = [];
    let served = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const frames = framesOf(random, handlers);
      await sendAll(kafka, clock, connectionsOf(frames));
      assert.deepEqual(failures, [], `a request of round ${round} found a bug`);
      served = kafka.requests.at(-1)!.seq;
      await kafka.reset();
      assert.equal(clock.pendingTimers, 0);
      heap.push(heapAfterGc());
    }
    assert.ok(served > 0.9 * FRAMES, `only ${served} requests were served: the rest went unread`);
    const growth = heap.at(-1)! - heap[1]!;
    assert.ok(growth < MAX_GROWTH_BYTES, `the heap grew by ${growth} bytes`);

    using client = await RawClient.connect(kafka.brokers[0]!);
    assert.equal((await produce(client, aBatch('still here'))).errorCode, 0);
    assert.equal(partitionsOf(await fetch(client))[0]!.highWatermark, 1);
    await kafka.stop();
    while (openSockets() > 0) await eventLoopTurn();
  });
});

/** The APIs that a broker serves; nothing is ever asked of this one. */
const servedApis = (): Handlers =>
  createHandlers(
    new Cluster({
      brokers: 1,
      clusterId: 'fuzz',
      clock: new ManualClock(),
      config: new BrokerConfig(),
      producerIds: new ProducerIds(),
    }),
  );

interface Frame {
  readonly bytes: Buffer;
  /** The connection does not go on after it. */
  readonly isLast: boolean;
}

/** A connection is what costs time, and most of what is no request ends one: there is no more of it than this. */
function framesOf(random: Random, handlers: Handlers): Frame[] {
  const apis = [...handlers.values()].map(({ api }) => api);
  const frame = (bytes: Buffer): Frame => ({ bytes, isLast: endsConnection(handlers, bytes) });
  const requests = Array.from({ length: REQUESTS_PER_ROUND }, () => frame(inventRequest(random, apis)));
  return Array.from({ length: FRAMES / ROUNDS }, () => {
    const request = random.oneOf(requests);
    if (random.chance(0.94)) return request;
    return frame(random.chance(0.2) ? noise(random) : damage(random, request.bytes));
  });
}

function endsConnection(handlers: Handlers, frame: Buffer): boolean {
  try {
    const { handler, request } = readIncoming(handlers, frame.subarray(4));
    if (frame.readUInt32BE(0) !== frame.length - 4) return true;
    return handler.api.key === produceApi.key && mayEndConnection(request as ProduceRequest);
  } catch {
    return true; // whatever it is: it is the broker that must bear it, not this function
  }
}

/** To close is all that a broker can do where no answer is awaited. */
const mayEndConnection = ({ acks, topicData }: ProduceRequest): boolean =>
  acks === 0 || topicData.some(({ partitionData }) => partitionData.some(({ records }) => records === null));

/** As many on each connection as there can be: what cannot be read is the last. */
function connectionsOf(frames: readonly Frame[]): Buffer[][] {
  const connections: Buffer[][] = [[]];
  for (const { bytes, isLast } of frames) {
    const current = connections.at(-1)!;
    current.push(bytes);
    if (isLast || current.length === FRAMES_PER_CONNECTION) connections.push([]);
  }
  return connections;
}

/** Resolves when the broker is done with all of them. */
async function sendAll(kafka: EmbeddedKafka, clock: ManualClock, connections: Buffer[][]): Promise<void> {
  const port = Number(kafka.brokers[0]!.split(':')[1]);
  const senders = new Set<Promise<void>>();
  for (let i = 0; i < CONNECTIONS_AT_ONCE; i++) {
    const sender = sendInTurn(port, connections).finally(() => senders.delete(sender));
    senders.add(sender);
  }
  const all = Promise.all(senders);
  // Fetches and joins wait as long as they are told, some of them for weeks.
  while (senders.size > 0) {
    clock.advance(3_600_000);
    await eventLoopTurn();
  }
  await all;
}

async function sendInTurn(port: number, connections: Buffer[][]): Promise<void> {
  for (let next = connections.pop(); next !== undefined; next = connections.pop()) await sendOn(port, next);
}

/** The broker closes when it has come to the end, or to what it cannot read. */
async function sendOn(port: number, frames: readonly Buffer[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined); // a reset is one way to close
  socket.resume();
  socket.end(Buffer.concat(frames));
  await once(socket, 'close');
}

function heapAfterGc(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
