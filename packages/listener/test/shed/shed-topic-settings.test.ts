import assert from 'node:assert/strict';
import { KafkaError } from '@hearken/core';
import { FakeLog } from '@hearken/testing';
import { distinct, stopNow } from '../setup.js';
import { range, recorded, shedding, SHED_TOPIC } from './shed-setup.js';

type Shedding = Awaited<ReturnType<typeof shedding>>;

/** A container with a backlog of five, whose ranges are kept in a topic that is set like this. */
async function withBacklog(policy?: string): Promise<Shedding> {
  const log = new FakeLog();
  if (policy !== undefined) log.topicConfigs.set(SHED_TOPIC, { 'cleanup.policy': policy });
  const bundle = await shedding({ concurrency: 1 }, { log });
  bundle.give(0, ...distinct(5));
  await bundle.listener.call('0/0');
  return bundle;
}

async function skipsNothing(
  bundle: Shedding,
  why: { readonly code: string; readonly message?: RegExp },
): Promise<void> {
  await assert.rejects(bundle.container.shed(), why);
  const { abandoned, shedOffsets } = bundle.container.metrics();
  assert.deepEqual([abandoned, shedOffsets, bundle.producer.sent.count], [0, 0, 0]);
  await stopNow(bundle);
}

describe('MessageListenerContainer: how the topic of shed ranges is set', () => {
  it('skips nothing where ranges would not be kept', async () => {
    for (const policy of ['delete', 'compact,delete', ''])
      await skipsNothing(await withBacklog(policy), {
        code: 'SHED_TOPIC_NOT_COMPACTED',
        message: new RegExp(`^${SHED_TOPIC} has cleanup\\.policy=${policy},.*compact alone$`),
      });
  });

  it('skips where they are', async () => {
    const bundle = await withBacklog('compact');
    assert.deepEqual(await bundle.container.shed(), [range(0, 5)]);
    await stopNow(bundle);
  });

  it('goes on where it may not see that, and says so once', async () => {
    for (const code of ['TOPIC_AUTHORIZATION_FAILED', 'UNSUPPORTED_VERSION', 'UNKNOWN_SERVER_ERROR']) {
      const bundle = await withBacklog('delete');
      const error = new KafkaError(code, { code });
      bundle.factory.consumer.topicConfig = () => Promise.reject(error);
      assert.deepEqual(await bundle.container.shed(), [range(0, 5)]);
      assert.deepEqual(await bundle.container.shed(), []);
      const told = bundle.logger.at('warn').filter(({ message }) => message.includes('cleanup.policy'));
      assert.deepEqual(
        told.map(({ details }) => details),
        [{ topic: SHED_TOPIC, error }],
      );
      await stopNow(bundle);
    }
  });

  it('skips nothing when brokers are away', async () => {
    const bundle = await withBacklog('compact');
    const error = new KafkaError('away', { code: 'REQUEST_TIMED_OUT', retriable: true });
    bundle.factory.consumer.topicConfig = () => Promise.reject(error);
    await skipsNothing(bundle, { code: error.code });
  });

  it('skips nothing where a range may be lost that was acknowledged', async () => {
    for (const acks of [0, 1] as const) {
      const bundle = await withBacklog('compact');
      bundle.producer.acks = acks;
      await skipsNothing(bundle, {
        code: 'ACKS_NOT_ALL',
        message: new RegExp(`^the producer of shed\\.template has acks ${acks},`),
      });
      assert.equal(recorded(bundle.log).size, 0);
    }
  });

  it('asks nothing of a client that cannot tell', async () => {
    const bundle = await withBacklog('delete');
    Object.assign(bundle.factory.consumer, { topicConfig: undefined });
    Object.assign(bundle.producer, { acks: undefined });
    assert.deepEqual(await bundle.container.shed(), [range(0, 5)]);
    await stopNow(bundle);
  });
});
