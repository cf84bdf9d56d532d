import assert from 'node:assert/strict';
import { codeOf, KafkaError } from '@hearken/core';
import { FakeLog, type FakeConsumer } from '@hearken/testing';
import { tp, until } from '../setup.js';
import { parking, setUp, stopNow } from './bundle.js';

const WEEK_MS = 604_800_000;

/** A log where the parked topic is set like this. */
function logWith(settings: Readonly<Record<string, string>>): FakeLog {
  const log = new FakeLog();
  log.topicConfigs.set('t-parked', settings);
  return log;
}

/**
 * Whoever asks for settings meets these, one after the other, and then the last one always. Undefined: they are told.
 * @returns what was asked about
 */
function hiding(bundle: ReturnType<typeof setUp>, ...failures: (KafkaError | undefined)[]): readonly string[] {
  const asked: string[] = [];
  const create = bundle.factory.createConsumer.bind(bundle.factory);
  bundle.factory.createConsumer = (overrides): FakeConsumer => {
    const consumer = create(overrides);
    const told = consumer.topicConfig.bind(consumer);
    consumer.topicConfig = (topic) => {
      asked.push(topic);
      const failure = failures.length > 1 ? failures.shift() : failures[0];
      return failure === undefined ? told(topic) : Promise.reject(failure);
    };
    return consumer;
  };
  return asked;
}

const error = (code: string, retriable = false): KafkaError => new KafkaError(code, { code, retriable });

describe('MessageListenerContainer: how its parked topic is set', () => {
  it('does not start where parked records would be compacted away', async () => {
    for (const policy of ['compact', 'compact,delete', 'delete, compact']) {
      const bundle = setUp({ log: logWith({ 'cleanup.policy': policy, 'retention.ms': '-1' }) });
      await assert.rejects(bundle.container.start(), {
        code: 'PARKED_TOPIC_COMPACTED',
        message: new RegExp(`^t-parked has cleanup\\.policy=${policy},`),
      });
      assert.equal(bundle.producer.sent.count, 0);
    }
  });

  it('warns, once, where parked records are deleted within the week that brokers give topics', async () => {
    const warned: [policy: string, retentionMs: string, times: number][] = [
      ['delete', `${WEEK_MS}`, 1],
      ['delete', '0', 1],
      ['delete', `${WEEK_MS + 1}`, 0],
      ['delete', '-1', 0],
      ['', '0', 0], // nothing is deleted
    ];
    for (const [policy, retentionMs, times] of warned) {
      const bundle = await parking({ log: logWith({ 'cleanup.policy': policy, 'retention.ms': retentionMs }) });
      await bundle.factory.consumers.items[0]!.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
      const told = bundle.logger.at('warn').map(({ details }) => details);
      const details = { topic: 't-parked', retentionMs: Number(retentionMs) };
      assert.deepEqual(told, Array(times).fill(details), `${policy} ${retentionMs}`);
      await stopNow(bundle);
    }
  });

  it('goes on where it may not see that, and says so once', async () => {
    for (const code of ['TOPIC_AUTHORIZATION_FAILED', 'UNSUPPORTED_VERSION', 'UNKNOWN_SERVER_ERROR']) {
      const bundle = setUp();
      const refused = error(code);
      hiding(bundle, refused);
      await bundle.container.start();
      await bundle.factory.consumers.items[0]!.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
      assert.deepEqual(
        bundle.logger.at('warn').map(({ details }) => details),
        [{ topic: 't-parked', error: refused }],
      );
      await stopNow(bundle);
    }
  });

  it('asks again when brokers are away', async () => {
    const away = setUp({ log: logWith({ 'cleanup.policy': 'compact' }) });
    hiding(away, error('CONNECTION_FAILED', true), undefined);
    let failure: unknown;
    away.container.start().catch((reason: unknown) => (failure = reason));
    await until(() => {
      away.clock.advance(100);
      return failure !== undefined;
    });
    assert.equal(codeOf(failure), 'PARKED_TOPIC_COMPACTED');
  });

  it('is asked until it is told, and not at every assignment after that', async () => {
    const bundle = setUp({ log: logWith({ 'cleanup.policy': 'delete', 'retention.ms': '-1' }) });
    const asked = hiding(bundle, error('TOPIC_AUTHORIZATION_FAILED'), undefined);
    await bundle.container.start();
    for (let times = 0; times < 3; times++)
      await bundle.factory.consumers.items[0]!.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
    assert.deepEqual(asked, ['t-parked', 't-parked']);
    await stopNow(bundle);
  });

  it('asks nothing of a client that cannot tell', async () => {
    const bundle = setUp({ log: logWith({ 'cleanup.policy': 'compact' }) });
    const create = bundle.factory.createConsumer.bind(bundle.factory);
    bundle.factory.createConsumer = (overrides) => Object.assign(create(overrides), { topicConfig: undefined });
    await bundle.container.start();
    assert.equal(bundle.logger.at('warn').length, 0);
    await stopNow(bundle);
  });

  it('does not start where a parked record may be lost that was acknowledged, however often it is tried', async () => {
    for (const acks of [0, 1] as const) {
      const bundle = setUp({ properties: { onFatal: 'restart' } });
      bundle.producer.acks = acks;
      await assert.rejects(bundle.container.start(), {
        code: 'ACKS_NOT_ALL',
        message: new RegExp(`^the producer of parking\\.template has acks ${acks},`),
      });
      assert.equal(bundle.producer.sent.count, 0);
    }
  });
});
