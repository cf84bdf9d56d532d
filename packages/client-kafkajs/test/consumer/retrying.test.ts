import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { codeOf, KafkaError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { pause, retrying } from '../../dist/consumer/retrying.js';
import { rejection } from '../support/rejects.js';
import { aContext } from './support/context.js';

/** What a signal holds on to: its listeners, and what `AbortSignal.any` made of it, which Node 20 never lets go of. */
function heldBy(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length + dependantsOf(signal);
}

function dependantsOf(signal: AbortSignal): number {
  const key = Object.getOwnPropertySymbols(signal).find(({ description }) => description?.includes('Dependant'));
  return key === undefined ? 0 : (signal as unknown as Record<symbol, ReadonlySet<unknown>>)[key]!.size;
}

const passing = (): Promise<never> => Promise.reject(new KafkaError('later', { code: 'LATER', retriable: true }));

describe('retrying', () => {
  it('leaves nothing on the signals, which may live as long as the consumer', async () => {
    const { signal: watched } = new AbortController();
    const made = AbortSignal.any([watched]);
    assert.equal(heldBy(watched), 1, 'what is counted here is counted where it is'); // and `made` lives until here
    assert.equal(made.aborted, false);

    const context = aContext();
    const { signal } = new AbortController();
    for (let call = 0; call < 10; call++) {
      const outcomes = [passing, () => Promise.resolve('done')];
      const done = retrying(context, () => outcomes.shift()!(), call % 2 === 0 ? {} : { signal });
      await context.clock.timersPending(1);
      context.clock.advance(1_000);
      assert.equal(await done, 'done');
    }
    assert.deepEqual([heldBy(context.closed), heldBy(signal)], [0, 0]);
  });

  for (const [whose, code] of [
    ['the signal', 'INTERRUPTED'],
    ['the consumer', 'CLIENT_CLOSED'],
  ] as const) {
    it(`ends its pause as soon as ${whose} is over, and says why it was tried again`, async () => {
      const context = aContext();
      const work = new AbortController();
      const ended = rejection(retrying(context, passing, { signal: work.signal }), code);
      await context.clock.timersPending(1);
      (whose === 'the signal' ? work : context.closing).abort();
      assert.equal(codeOf((await ended).cause), 'LATER');
      assert.equal(context.clock.pendingTimers, 0);
    });
  }
});

describe('pause', () => {
  it('warns of no leak when many wait for the same', async () => {
    const { clock, closed, closing } = aContext();
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    try {
      const pauses = Array.from({ length: 20 }, () => pause(clock, 1_000, closed));
      closing.abort();
      await Promise.all(pauses);
      await eventLoopTurn();
      assert.deepEqual(warnings, []);
    } finally {
      process.off('warning', warned);
    }
  });

  it('does not begin when one of its signals is aborted already', async () => {
    const { clock, closed } = aContext();
    await pause(clock, 1_000, closed, AbortSignal.abort());
    assert.equal(clock.pendingTimers, 0);
  });
});
