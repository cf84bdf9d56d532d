import assert from 'node:assert/strict';
import { codeOf, type CloseOptions, type Producer, type SendMapper } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { ManualClock } from '@hearken/testing';
import { SharedProducer } from '../dist/shared-producer.js';
import { rejection } from './support/rejects.js';

const RECORD = { topic: 't', value: null };
const OFFSETS: SendMapper<string, string> = {
  result: ({ offset }, context) => `${context} ${offset}`,
  error: (cause, context) => new Error(context, { cause }),
};

function setup() {
  const calls: string[] = [];
  const flushed = deferred();
  const producer: Required<Producer> = {
    acks: 1,
    send: ({ topic }) => (calls.push('send'), Promise.resolve({ topic, partition: 0, offset: 7, timestamp: 0 })),
    sendWith: ({ topic }, mapper, context) => {
      calls.push('send with');
      return Promise.resolve(mapper.result({ topic, partition: 0, offset: 8, timestamp: 0 }, context));
    },
    flush: () => (calls.push('flush'), flushed.promise),
    partitionsFor: () => Promise.resolve([]),
    metrics: () => assert.fail('not asked for'),
    close: (options?: CloseOptions) => (calls.push(`close ${options?.timeoutMs}`), Promise.resolve()),
  };
  const clock = new ManualClock();
  const shared = new SharedProducer(producer, clock, {
    onLastReleased: () => calls.push('last released'),
    onClosed: () => calls.push('closed'),
  });
  return { calls, clock, flushed, shared };
}

describe('SharedProducer', () => {
  it('closes the producer with the last of its handles', async () => {
    const { calls, flushed, shared } = setup();
    const [first, second] = [shared.handle(), shared.handle()];
    flushed.resolve();
    await first.close();
    assert.deepEqual(calls, ['flush']);
    assert.equal((await second.send(RECORD)).offset, 7);
    await second.close({ timeoutMs: 5 });
    assert.deepEqual(calls, ['flush', 'send', 'last released', 'close 5', 'closed']);
  });

  it('tells by its handles which acknowledgment it waits for', () => {
    assert.equal(setup().shared.handle().acks, 1);
  });

  it('counts a handle once, however often it is closed', async () => {
    const { calls, flushed, shared } = setup();
    const first = shared.handle();
    shared.handle();
    flushed.resolve();
    await Promise.all([first.close(), first.close()]);
    await first.close();
    assert.deepEqual(calls, ['flush']);
  });

  it('refuses to send by a handle that was closed, while the others go on', async () => {
    const { calls, flushed, shared } = setup();
    const [first, second] = [shared.handle(), shared.handle()];
    flushed.resolve();
    await first.close();
    await rejection(first.send(RECORD), 'PRODUCER_CLOSED');
    await rejection(first.partitionsFor('t'), 'PRODUCER_CLOSED');
    await first.flush();
    await assert.rejects(first.sendWith!(RECORD, OFFSETS, 'mapped'), ({ message, cause }: Error) => {
      return message === 'mapped' && codeOf(cause) === 'PRODUCER_CLOSED';
    });
    await second.send(RECORD);
    assert.equal(await second.sendWith!(RECORD, OFFSETS, 'mapped'), 'mapped 8');
    assert.deepEqual(calls, ['flush', 'send', 'send with']);
  });

  it('does not wait for ever when a handle is closed and what it sent does not settle', async () => {
    const { clock, shared } = setup();
    const first = shared.handle();
    shared.handle();
    const closing = first.close({ timeoutMs: 100 });
    clock.advance(100);
    await closing;
    assert.equal(clock.pendingTimers, 0);
  });

  it('is closed once by its factory, whoever still holds it', async () => {
    const { calls, shared } = setup();
    const handle = shared.handle();
    await Promise.all([shared.close({ timeoutMs: 9 }), shared.close()]);
    await handle.close();
    assert.deepEqual(calls, ['close 9', 'closed', 'last released']);
  });
});
