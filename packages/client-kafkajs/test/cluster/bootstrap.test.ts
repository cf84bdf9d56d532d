import assert from 'node:assert/strict';
import { apiVersionsApi, metadataApi } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import { Bootstrap } from '../../dist/cluster/bootstrap.js';
import { Pauses } from '../../dist/cluster/pauses.js';
import type { KafkaOptions } from '../../dist/kafka-options.js';
import { kafkaOptions } from '../support/options.js';
import { rejection } from '../support/rejects.js';
import { startSaslBroker } from '../support/sasl-broker.js';
import { ScriptedBroker } from '../support/scripted-broker.js';

describe('Bootstrap', () => {
  afterEach(() => ScriptedBroker.stopAll());

  function setup(written: Partial<KafkaOptions>) {
    const clock = new ManualClock();
    return { clock, bootstrap: new Bootstrap(kafkaOptions(written, clock), new Pauses(clock)) };
  }

  /** An address at which nothing listens. */
  async function deadAddress(): Promise<string> {
    const broker = await ScriptedBroker.start();
    await broker.stop();
    return broker.bootstrap;
  }

  it('asks one address after the other, and one search serves all who ask', async () => {
    const dead = await deadAddress();
    const broker = await ScriptedBroker.start();
    const { bootstrap, clock } = setup({ brokers: [dead, broker.bootstrap] });
    const [first, second] = await Promise.all([bootstrap.find(), bootstrap.find()]);
    assert.equal(first, second);
    assert.equal(first.brokers[0]?.port, broker.address.port);
    assert.equal(broker.countOf(metadataApi), 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it('tries again after a pause', async () => {
    const broker = await ScriptedBroker.start();
    await broker.stop();
    const { bootstrap, clock } = setup({ brokers: [broker.bootstrap] });
    const search = bootstrap.find();
    await clock.timersPending(2); // the bound, and a connection or a pause
    await untilPausing(clock);
    await broker.listen(broker.address.port);
    clock.advance(clock.nextDueInMs ?? 0);
    assert.equal((await search).brokers.length, 1);
  });

  it('gives up in the end, with what each address said', async () => {
    const addresses = [await deadAddress(), await deadAddress()];
    const { bootstrap, clock } = setup({ brokers: addresses, bootstrapTimeoutMs: 5_000 });
    const search = rejection(bootstrap.find(), 'CONNECTION_FAILED');
    await untilPausing(clock);
    clock.advance(5_000);
    const error = await search;
    assert.match(error.message, /^no broker could be reached within 5000 ms: /);
    for (const address of addresses)
      assert.ok(error.message.includes(`${address}: nothing listens there`), error.message);
    assert.ok(error.retriable);
  });

  it('gives up on a broker that accepts and says nothing', async () => {
    const broker = await ScriptedBroker.start();
    broker.on(apiVersionsApi, () => undefined);
    const { bootstrap, clock } = setup({ brokers: [broker.bootstrap] });
    const search = rejection(bootstrap.find(), 'CONNECTION_FAILED');
    await broker.received.received(1);
    clock.advance(10_000);
    assert.match((await search).message, new RegExp(`${broker.bootstrap}: it did not answer`));
    await broker.connections.last?.closed;
    assert.equal(clock.pendingTimers, 0);
  });

  it('leaves one that says nothing in time for the others', async () => {
    const [mute, broker] = [await ScriptedBroker.start(), await ScriptedBroker.start()];
    mute.on(apiVersionsApi, () => undefined);
    const { bootstrap, clock } = setup({ brokers: [mute.bootstrap, broker.bootstrap] });
    const found = bootstrap.find();
    await mute.received.received(1);
    clock.advance(5_000); // half of bootstrapTimeoutMs
    assert.equal((await found).brokers[0]?.port, broker.address.port);
  });

  it('tells a hang-up at the first question, which is how a SASL listener answers a client without', async () => {
    const broker = await ScriptedBroker.start();
    broker.on(metadataApi, ({ client }) => void client.socket.end());
    const { bootstrap, clock } = setup({ brokers: [broker.bootstrap] });
    const search = rejection(bootstrap.find(), 'CONNECTION_FAILED');
    await untilPausing(clock);
    clock.advance(10_000);
    assert.match((await search).message, /is it a TLS or SASL listener \(set ssl or sasl\)/);
  });

  it('passes over a broker that knows no brokers yet', async () => {
    const [starting, ready] = [await ScriptedBroker.start(), await ScriptedBroker.start()];
    starting.on(metadataApi, () => ({ ...starting.metadata([]), brokers: [] }));
    const { bootstrap } = setup({ brokers: [starting.bootstrap, ready.bootstrap] });
    assert.equal((await bootstrap.find()).brokers[0]?.port, ready.address.port);
  });

  it('does not repeat what no repeating mends', async () => {
    const broker = await startSaslBroker({ accepts: () => false });
    const sasl = { mechanism: 'plain', username: 'a', password: 'b' } as const;
    const { bootstrap, clock } = setup({ brokers: [broker.bootstrap], sasl });
    await rejection(bootstrap.find(), 'AUTHENTICATION_FAILED');
    assert.equal(broker.connections.count, 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it('checks what a brokers function returns', async () => {
    for (const returned of [['kafka.example'], [5], [], 'localhost:9092', undefined] as string[][]) {
      const { bootstrap } = setup({ brokers: () => Promise.resolve(returned) });
      const { message } = await rejection(bootstrap.find(), 'INVALID_CONFIG');
      assert.match(message, /what the brokers function returned .*\n {2}kafka\.brokers: must /);
    }
  });

  it('tells that a brokers function failed, and why', async () => {
    const failure = new Error('the registry is away');
    const { bootstrap, clock } = setup({ brokers: () => Promise.reject(failure) });
    const error = await rejection(bootstrap.find(), 'CONNECTION_FAILED');
    assert.equal(error.cause, failure);
    assert.match(error.message, /the brokers function failed: the registry is away/);
    assert.equal(clock.pendingTimers, 0);
  });
});

/** Until the only timers are the bound of the search and the pause between rounds. */
async function untilPausing(clock: ManualClock): Promise<void> {
  while (clock.pendingTimers !== 2 || (clock.nextDueInMs ?? Infinity) > 1_200) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
