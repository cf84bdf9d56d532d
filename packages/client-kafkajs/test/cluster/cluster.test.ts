import assert from 'node:assert/strict';
import {
  apiVersionsApi,
  encodeResponse,
  findCoordinatorApi,
  metadataApi,
  type FindCoordinatorResponse,
} from '@hearken/protocol';
import { eventLoopTurn, ManualClock, Recorder, Signal } from '@hearken/testing';
import { Cluster, type ClusterOptions } from '../../dist/cluster/cluster.js';
import { ASK_ANOTHER_MS } from '../../dist/cluster/first-answer.js';
import { metadataRequest } from '../../dist/cluster/metadata.js';
import type { KafkaOptions } from '../../dist/kafka-options.js';
import { kafkaOptions } from '../support/options.js';
import { rejection } from '../support/rejects.js';
import { ScriptedBroker, type Received } from '../support/scripted-broker.js';

const NO_TOPICS = metadataRequest([], false);

/** A clock on which pauses end at once; what they were is recorded. */
class HastyClock extends ManualClock {
  readonly pauses = new Recorder<number>();

  override setTimer(callback: () => void, delayMs: number): ReturnType<ManualClock['setTimer']> {
    const timer = super.setTimer(callback, delayMs);
    if (delayMs > 1_300) return timer; // time-outs stand still
    this.pauses.record(delayMs);
    setImmediate(() => this.advance(delayMs));
    return timer;
  }
}

function clusterOf(
  written: Partial<KafkaOptions>,
  clock = new ManualClock(),
  more: Partial<ClusterOptions> = {},
): Cluster {
  return new Cluster({
    ...kafkaOptions(written, clock),
    metadataMaxAgeMs: 60_000,
    allowAutoTopicCreation: false,
    ...more,
  });
}

describe('Cluster', () => {
  const clusters: Cluster[] = [];
  afterEach(async () => {
    for (const cluster of clusters.splice(0)) await cluster.close();
    await ScriptedBroker.stopAll();
  });

  async function setup(clock = new ManualClock()) {
    const broker = await ScriptedBroker.start();
    const cluster = clusterOf({ brokers: [broker.bootstrap] }, clock);
    clusters.push(cluster);
    return { broker, clock, cluster };
  }

  describe('connections', () => {
    it('are made on first use, one for each node and role however many ask', async () => {
      const { broker, cluster } = await setup();
      assert.equal(broker.connections.count, 0);
      await Promise.all([1, 2, 3].map(() => cluster.send(1, 'fetch', metadataApi, NO_TOPICS)));
      assert.equal(broker.connections.count, 2); // one to find the brokers, one to fetch
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      assert.equal(broker.connections.count, 2);
      await cluster.send(1, 'group', metadataApi, NO_TOPICS);
      assert.equal(broker.connections.count, 3);
    });

    it('leave none behind that only found the brokers', async () => {
      const { broker, cluster } = await setup();
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      await broker.connections.items[0]?.closed;
    });

    it('carry requests in the order of the calls, those before and those after they stood', async () => {
      const { broker, cluster } = await setup();
      const names = ['a', 'b', 'c'];
      const waiting = names.map((name) => cluster.send(1, 'produce', metadataApi, metadataRequest([name], false)));
      await waiting[0];
      waiting.push(cluster.send(1, 'produce', metadataApi, metadataRequest(['d'], false)));
      await Promise.all(waiting);
      const asked = broker.received.items.flatMap(
        ({ request }) => (request as { topics?: { name: string }[] }).topics ?? [],
      );
      assert.deepEqual(
        asked.map(({ name }) => name),
        ['a', 'b', 'c', 'd'],
      );
    });

    it('are made anew after they closed', async () => {
      const { broker, cluster } = await setup();
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      const before = broker.connections.last;
      broker.on(metadataApi, ({ client }) => void client.socket.destroy());
      await rejection(cluster.send(1, 'fetch', metadataApi, NO_TOPICS), 'CONNECTION_CLOSED');
      broker.on(metadataApi, ({ request }) => broker.metadata(request.topics));
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      assert.notEqual(broker.connections.last, before);
    });

    it('closed by the broker while idle are made anew by the next request, which does not notice', async () => {
      const { broker, clock, cluster } = await setup();
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      const closed = broker.connections.last;
      closed?.socket.end();
      await closed?.closed; // our end is closed too
      assert.equal(clock.pendingTimers, 0); // nobody reconnects for nothing
      assert.equal((await cluster.send(1, 'fetch', metadataApi, NO_TOPICS)).controllerId, 1);
      assert.equal(broker.connections.count, 3);
    });

    it('cut within an answer leave nothing of it to the next', async () => {
      const { broker, cluster } = await setup();
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      const large = Array.from({ length: 20_000 }, (_, i) => ({ topicId: '', name: `a-topic-with-a-long-name-${i}` }));
      broker.on(metadataApi, ({ correlationId, version, client }) => {
        const bytes = Buffer.concat(encodeResponse(metadataApi, version, correlationId, broker.metadata(large)));
        assert.ok(bytes.length > 1_000_000);
        client.socket.write(bytes.subarray(0, 400), () => client.socket.destroy());
        return undefined;
      });
      await rejection(cluster.send(1, 'fetch', metadataApi, NO_TOPICS), 'CONNECTION_CLOSED');
      broker.on(metadataApi, ({ request }) => broker.metadata(request.topics));
      const { topics } = await cluster.send(1, 'fetch', metadataApi, metadataRequest(['small'], false));
      assert.deepEqual(
        topics.map(({ name }) => name),
        ['small'],
      );
    });

    it('wait longer and longer after connections that came to nothing', async () => {
      const clock = new HastyClock();
      const { broker, cluster } = await setup(clock);
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      const { port } = broker.address;
      await broker.stop();
      const failures = [];
      for (let i = 0; i < 7; i++) failures.push(await rejection(cluster.send(1, 'fetch', metadataApi, NO_TOPICS)));
      assert.ok(failures.every(({ retriable }) => retriable));
      const pauses = clock.pauses.items;
      assert.ok(pauses.length >= 5, String(pauses));
      assert.ok((pauses[0] ?? 0) >= 40 && (pauses[0] ?? 0) <= 60, String(pauses));
      assert.ok((pauses.at(-1) ?? 0) >= 600, String(pauses));
      await broker.listen(port);
      assert.equal((await cluster.send(1, 'fetch', metadataApi, NO_TOPICS)).controllerId, 1);
    });

    it('go to the new address of a node that moved', async () => {
      const { broker, cluster } = await setup();
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      const other = await ScriptedBroker.start();
      broker.on(metadataApi, () => ({
        ...broker.metadata([]),
        brokers: [{ nodeId: 1, ...other.address, rack: null }],
      }));
      const stale = broker.connections.last;
      await cluster.refreshNodes();
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      assert.equal(other.countOf(metadataApi), 1);
      await stale?.closed;
    });

    it('say who gave an address that leads nowhere', async () => {
      const { broker, cluster } = await setup();
      const gone = await ScriptedBroker.start();
      await gone.stop();
      broker.on(metadataApi, () => ({ ...broker.metadata([]), brokers: [{ nodeId: 1, ...gone.address, rack: null }] }));
      const error = await rejection(cluster.send(1, 'fetch', metadataApi, NO_TOPICS), 'CONNECTION_FAILED');
      assert.match(error.message, /nothing listens there.*advertised\.listeners/);
    });

    it('reject for a node that is not there, retriably', async () => {
      const { cluster } = await setup();
      const error = await rejection(cluster.send(7, 'fetch', metadataApi, NO_TOPICS), 'CONNECTION_FAILED');
      assert.match(error.message, /node 7 is not in the cluster/);
      assert.ok(error.retriable);
    });
  });

  /** Two nodes that both stand in metadata: the one that is asked first, and the other. */
  async function setupTwo() {
    const { broker: first, clock, cluster } = await setup();
    const second = await ScriptedBroker.start();
    const brokers = [first, second].map(({ address }, i) => ({ nodeId: i + 1, ...address, rack: null }));
    for (const broker of [first, second]) broker.on(metadataApi, () => ({ ...broker.metadata([]), brokers }));
    await cluster.refreshNodes();
    const counts = [first, second].map((broker) => broker.countOf(metadataApi));
    await cluster.askAny('control', metadataApi, NO_TOPICS);
    const [asked, other] = first.countOf(metadataApi) > (counts[0] ?? 0) ? [first, second] : [second, first];
    return { asked, other, brokers, clock, cluster };
  }

  /** It takes requests and says nothing. Resolves when it has got the next. */
  async function frozen(broker: ScriptedBroker): Promise<Received> {
    broker.on(metadataApi, () => undefined);
    const { count } = broker.received;
    await broker.received.received(count + 1);
    return broker.received.items[count] ?? assert.fail();
  }

  describe('askAny', () => {
    it('stays with a node that answers, and goes on to the next when it is gone', async () => {
      const { asked, other, clock, cluster } = await setupTwo();
      const counts = [asked.countOf(metadataApi), other.countOf(metadataApi)];
      for (let i = 0; i < 3; i++) await cluster.askAny('control', metadataApi, NO_TOPICS);
      assert.deepEqual([asked.countOf(metadataApi), other.countOf(metadataApi)], [(counts[0] ?? 0) + 3, counts[1]]);
      assert.equal(clock.pendingTimers, 0);
      await asked.stop();
      await cluster.askAny('control', metadataApi, NO_TOPICS);
      assert.equal(other.countOf(metadataApi), (counts[1] ?? 0) + 1);
    });

    it('asks another node beside one that is frozen, and that one alone from then on', async () => {
      const { asked, other, clock, cluster } = await setupTwo();
      const silence = frozen(asked);
      const answer = cluster.askAny('control', metadataApi, NO_TOPICS);
      await silence;
      clock.advance(ASK_ANOTHER_MS);
      assert.equal((await answer).brokers.length, 2);
      const counts = [asked.countOf(metadataApi), other.countOf(metadataApi)];
      await cluster.refreshNodes();
      await cluster.metadata.refresh(['t']);
      assert.deepEqual([asked.countOf(metadataApi), other.countOf(metadataApi)], [counts[0], (counts[1] ?? 0) + 2]);
      assert.equal(clock.monotonic(), ASK_ANOTHER_MS);
      assert.equal(clock.pendingTimers, 1); // the time-out of the request that was not answered
    });

    it('asks another node beside one that is frozen before it said hello', async () => {
      const { asked, clock, cluster } = await setupTwo();
      asked.on(apiVersionsApi, () => undefined);
      for (const { socket } of asked.connections.items) socket.destroy();
      await asked.connections.last?.closed;
      const answer = cluster.askAny('control', metadataApi, NO_TOPICS);
      await clock.timersPending(2);
      await eventLoopTurn();
      clock.advance(ASK_ANOTHER_MS);
      assert.equal((await answer).brokers.length, 2);
    });

    it('takes no notice of an answer that comes late, nor does its connection', async () => {
      const { asked, other, brokers, clock, cluster } = await setupTwo();
      const silence = frozen(asked);
      const answer = cluster.refreshNodes();
      const { client, correlationId, version } = await silence;
      clock.advance(ASK_ANOTHER_MS);
      await answer;
      const late = { ...asked.metadata([]), brokers: brokers.slice(0, 1) };
      client.send(Buffer.concat(encodeResponse(metadataApi, version, correlationId, late)));
      while (clock.pendingTimers > 0) await eventLoopTurn(); // it was read
      assert.equal(cluster.nodes.length, 2);
      asked.on(metadataApi, () => ({ ...asked.metadata([]), brokers }));
      const connections = asked.connections.count;
      await other.stop();
      await cluster.refreshNodes();
      assert.equal(asked.connections.count, connections);
    });

    it('rejects with what no other node would mend, once the one that had not answered is lost', async () => {
      const { asked, other, clock, cluster } = await setupTwo();
      const silence = frozen(asked);
      const failure = rejection(
        cluster.askAny('control', metadataApi, () => NO_TOPICS, { minVersion: 2 }),
        'UNSUPPORTED_VERSION',
      );
      other.on(apiVersionsApi, () => ({
        errorCode: 0,
        apiKeys: [{ apiKey: metadataApi.key, minVersion: 0, maxVersion: 1 }],
        throttleTimeMs: 0,
      }));
      await silence;
      for (const { socket } of other.connections.items) socket.destroy();
      clock.advance(ASK_ANOTHER_MS);
      for (const { socket } of asked.connections.items) socket.destroy();
      await failure;
    });

    it('rejects when the cluster is closed while two are asked', async () => {
      const { asked, other, clock, cluster } = await setupTwo();
      const failure = rejection(cluster.askAny('control', metadataApi, NO_TOPICS), 'CLIENT_CLOSED');
      await frozen(asked);
      const both = frozen(other);
      clock.advance(ASK_ANOTHER_MS);
      await both;
      await cluster.close();
      await failure;
      assert.equal(clock.pendingTimers, 0);
    });

    it('waits for the only node there is', async () => {
      const { broker, clock, cluster } = await setup();
      await cluster.refreshNodes();
      const answer = cluster.askAny('control', metadataApi, NO_TOPICS);
      const { client, correlationId, version } = await frozen(broker);
      assert.equal(clock.pendingTimers, 1); // the time-out of the request
      clock.advance(29_000);
      client.send(Buffer.concat(encodeResponse(metadataApi, version, correlationId, broker.metadata([]))));
      assert.equal((await answer).brokers.length, 1);
      assert.equal(clock.pendingTimers, 0);
    });
  });

  describe('sendToAny', () => {
    it('sends to no other node until the first has failed, however much time that took', async () => {
      const { asked, other, clock, cluster } = await setupTwo();
      const silence = frozen(asked);
      const answer = cluster.sendToAny('control', metadataApi, NO_TOPICS);
      await silence;
      const before = other.countOf(metadataApi);
      clock.advance(29_999);
      await eventLoopTurn();
      assert.equal(other.countOf(metadataApi), before);
      clock.advance(1); // requestTimeout; bootstrapTimeoutMs is 10 s
      assert.equal((await answer).brokers.length, 2);
    });

    it('finds the brokers anew when all that were known are gone', async () => {
      const clock = new HastyClock();
      const addresses: string[] = [];
      const cluster = clusterOf({ brokers: () => addresses }, clock);
      clusters.push(cluster);
      const before = await ScriptedBroker.start();
      addresses.push(before.bootstrap);
      await cluster.sendToAny('control', metadataApi, NO_TOPICS);
      await before.stop();
      const after = await ScriptedBroker.start();
      addresses.splice(0, 1, after.bootstrap);
      await cluster.sendToAny('control', metadataApi, NO_TOPICS);
      assert.ok(after.countOf(metadataApi) >= 1);
    });
  });

  describe('coordinators', () => {
    const found = (changes: Partial<FindCoordinatorResponse> = {}): FindCoordinatorResponse => ({
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      nodeId: 1,
      host: '127.0.0.1',
      port: 1,
      ...changes,
    });

    it('are looked up once, until forgotten', async () => {
      const { broker, cluster } = await setup();
      broker.on(findCoordinatorApi, () => found());
      assert.deepEqual(await Promise.all([cluster.coordinator('g'), cluster.coordinator('g')]), [1, 1]);
      await cluster.coordinator('g');
      assert.equal(broker.countOf(findCoordinatorApi), 1);
      cluster.forgetCoordinator('g');
      await cluster.coordinator('g');
      assert.equal(broker.countOf(findCoordinatorApi), 2);
    });

    it('are waited for while they come up', async () => {
      const { broker, cluster } = await setup(new HastyClock());
      let asked = 0;
      broker.on(findCoordinatorApi, () => found({ errorCode: ++asked < 4 ? 15 : 0 }));
      assert.equal(await cluster.coordinator('g'), 1);
      assert.equal(asked, 4);
    });

    it('that are refused are not asked for again by themselves, but by the next call', async () => {
      const { broker, cluster } = await setup();
      broker.on(findCoordinatorApi, () => found({ errorCode: 30 }));
      await rejection(cluster.coordinator('g'), 'GROUP_AUTHORIZATION_FAILED');
      broker.on(findCoordinatorApi, () => found());
      assert.equal(await cluster.coordinator('g'), 1);
    });

    it('are no longer looked for when the cluster is closed', async () => {
      const { broker, clock, cluster } = await setup();
      broker.on(findCoordinatorApi, () => found({ errorCode: 15 }));
      const looking = rejection(cluster.coordinator('g'), 'CLIENT_CLOSED');
      while (clock.pendingTimers !== 1 || (clock.nextDueInMs ?? Infinity) > 100) await eventLoopTurn(); // it pauses
      await cluster.close();
      await looking;
      assert.equal(clock.pendingTimers, 0);
    });

    it('may be nodes that joined since', async () => {
      const { broker, cluster } = await setup();
      const joined = await ScriptedBroker.start();
      broker.on(findCoordinatorApi, () => found({ nodeId: 9, ...joined.address }));
      const node = await cluster.coordinator('g');
      await cluster.send(node, 'group', metadataApi, NO_TOPICS);
      assert.equal(joined.countOf(metadataApi), 1);
    });
  });

  describe('close', () => {
    it('rejects what is in flight, connecting, pausing and asked for later', async () => {
      const { broker, clock, cluster } = await setup();
      await cluster.send(1, 'fetch', metadataApi, NO_TOPICS);
      const asked = new Signal();
      broker.on(metadataApi, () => {
        asked.fire();
        return undefined;
      });
      const waiting = [
        cluster.send(1, 'fetch', metadataApi, NO_TOPICS),
        cluster.send(1, 'group', metadataApi, NO_TOPICS),
        cluster.metadata.ensure('t'),
        cluster.pause(1_000),
      ];
      await asked.wait();
      const rejections = waiting.map((one) => rejection(one, 'CLIENT_CLOSED'));
      await cluster.close();
      await Promise.all(rejections);
      await rejection(cluster.send(1, 'fetch', metadataApi, NO_TOPICS), 'CLIENT_CLOSED');
      await rejection(cluster.metadata.refresh(['t']), 'CLIENT_CLOSED');
      await cluster.close();
      await Promise.all(broker.connections.items.map(({ closed }) => closed));
      assert.equal(clock.pendingTimers, 0);
    });

    it('ends a search for brokers', async () => {
      const clock = new ManualClock();
      const cluster = clusterOf({ brokers: () => new Promise<string[]>(() => undefined) }, clock);
      const waiting = rejection(cluster.coordinator('g'), 'CLIENT_CLOSED');
      await cluster.close();
      await waiting;
      assert.equal(clock.pendingTimers, 0);
    });
  });
});
