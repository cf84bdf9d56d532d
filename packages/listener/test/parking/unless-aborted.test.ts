import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { deferred } from '@hearken/core/internal';
import { unlessAborted } from '../../dist/parking/unless-aborted.js';

describe('unlessAborted', () => {
  it('leaves no rejection to nobody, also if the signal had aborted before', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
    try {
      const work = deferred();
      await unlessAborted(work.promise, AbortSignal.abort());
      work.reject(new Error('too late'));
      await eventLoopTurn(); // by then the process knows
      assert.deepEqual(unhandled, []);
    } finally {
      process.off('unhandledRejection', note);
      for (const other of others) process.on('unhandledRejection', other);
    }
  });
});
