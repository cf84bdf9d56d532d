import assert from 'node:assert/strict';
import { metadataApi, Writer } from '@hearken/protocol';
import { ManualClock, RecordingLogger, Signal } from '@hearken/testing';
import { metadataRequest } from '../../dist/cluster/metadata.js';
import { KafkaConnectionError } from '../../dist/errors.js';
import { Connection } from '../../dist/net/connection.js';
import { Throttle } from '../../dist/net/throttle.js';
import { kafkaOptions } from '../support/options.js';
import { rejection } from '../support/rejects.js';
import { loginsAt, startSaslBroker } from '../support/sasl-broker.js';
import { ScriptedBroker, type Received } from '../support/scripted-broker.js';

const LIST_GROUPS = 16;
const NO_TOPICS = metadataRequest([], false);

describe('Throttle', () => {
  it('is over at the latest of the ends told, and tells how much longer each makes it', async () => {
    const clock = new ManualClock();
    const throttle = new Throttle(clock);
    assert.equal(throttle.wait(), undefined);
    assert.equal(throttle.begin(1_000), 1_000);
    assert.equal(throttle.begin(600), 0);
    clock.advance(500);
    assert.equal(throttle.begin(700), 200);
    const over = throttle.wait();
    assert.equal(throttle.wait(), over);
    clock.advance(699);
    assert.equal(clock.pendingTimers, 1);
    clock.advance(1);
    await over;
    assert.equal(throttle.wait(), undefined);
    assert.equal(throttle.begin(50), 50);
  });
});

describe('Connection to a broker that throttles', () => {
  afterEach(() => ScriptedBroker.stopAll());

  async function setup(throttleTimeMs = 3_000) {
    const broker = await ScriptedBroker.start();
    const [clock, logger] = [new ManualClock(), new RecordingLogger()];
    const connection = new Connection(broker.address, kafkaOptions({ logger, requestTimeout: 1_000 }, clock));
    await connection.open();
    broker.on(metadataApi, () => ({ ...broker.metadata([]), throttleTimeMs }));
    await connection.send(metadataApi, NO_TOPICS);
    broker.on(metadataApi, ({ request }) => broker.metadata(request.topics));
    return { broker, clock, logger, connection };
  }

  it('sends nothing before the time is over, then everything in order', async () => {
    const { broker, clock, connection, logger } = await setup();
    assert.equal(clock.pendingTimers, 0); // nothing waits yet
    const topics = ['a', 'b', 'c'];
    const answers = topics.map((name) => connection.send(metadataApi, metadataRequest([name], false)));
    clock.advance(2_999);
    assert.equal(clock.pendingTimers, 1);
    assert.equal(broker.countOf(metadataApi), 1);
    clock.advance(1);
    const told = await Promise.all(answers);
    assert.deepEqual(
      told.map((answer) => answer.topics[0]?.name),
      topics,
    );
    assert.equal(clock.pendingTimers, 0);
    const [line] = logger.at('debug');
    assert.match(line?.message ?? '', /throttles/);
    assert.equal((line?.details as { throttleTimeMs: number }).throttleTimeMs, 3_000);
  });

  it('does not count the time into what was in flight already: the broker answers it later by as much', async () => {
    const { broker, clock, connection } = await setup(0);
    const seen: Received[] = [];
    const both = new Signal();
    broker.on(metadataApi, (received) => {
      if (seen.push(received) === 2) both.fire();
      return undefined;
    });
    const [first, second] = [0, 1].map(() => connection.send(metadataApi, NO_TOPICS));
    await both.wait();
    broker.on(metadataApi, () => ({ ...broker.metadata([]), throttleTimeMs: 5_000 }));
    broker.handle(seen[0]!);
    await first;
    clock.advance(5_999);
    assert.ok(!connection.isClosed);
    broker.handle(seen[1]!);
    await second;
  });

  it('still times out what is late beyond that', async () => {
    const { broker, clock, connection } = await setup(3_000);
    broker.on(metadataApi, () => undefined);
    const late = rejection(connection.send(metadataApi, NO_TOPICS), 'REQUEST_TIMED_OUT');
    clock.advance(3_000);
    await broker.received.received(3);
    clock.advance(1_000);
    await late;
  });

  it('rejects what is held when it is closed, and leaves no timer', async () => {
    const { clock, connection } = await setup();
    const held = rejection(connection.send(metadataApi, NO_TOPICS), 'CLIENT_CLOSED');
    assert.equal(clock.pendingTimers, 1);
    connection.close(new KafkaConnectionError('over', { code: 'CLIENT_CLOSED' }));
    await held;
    assert.equal(clock.pendingTimers, 0);
  });

  it("heeds what answers to kafkajs' requests say", async () => {
    const broker = await ScriptedBroker.start();
    broker.onRaw(LIST_GROUPS, [2, 2], () => {
      const answer = new Writer();
      answer.int32(3_000); // throttle time
      answer.int16(0);
      answer.int32(0); // no groups
      return Buffer.concat(answer.finish());
    });
    const clock = new ManualClock();
    const connection = new Connection(broker.address, kafkaOptions({ requestTimeout: 1_000 }, clock));
    await connection.open();
    await connection.sendKafkajs('ListGroups', undefined);
    const held = connection.send(metadataApi, NO_TOPICS);
    clock.advance(3_000); // sent at once it would be late by now
    await held;
  });

  it('renews its session after it, if that is due by then', async () => {
    const broker = await startSaslBroker({ sessionLifetimeMs: 60_000 });
    const clock = new ManualClock();
    const sasl = { mechanism: 'plain', username: 'ann', password: 'secret' } as const;
    const connection = new Connection(broker.address, kafkaOptions({ sasl }, clock));
    await connection.open();
    broker.on(metadataApi, () => ({ ...broker.metadata([]), throttleTimeMs: 55_000 }));
    await connection.send(metadataApi, NO_TOPICS);
    const held = connection.send(metadataApi, NO_TOPICS);
    clock.advance(55_000);
    await held;
    assert.equal(loginsAt(broker), 2);
  });
});
