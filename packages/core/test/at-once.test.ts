import assert from 'node:assert/strict';
import { atOnce, unawaited } from '@hearken/core/internal';

describe('atOnce', () => {
  it('is the answer, and refuses a promise whatever becomes of it', async () => {
    assert.equal(atOnce('decide', 1), 1);
    const late = Promise.reject(new Error('late'));
    assert.throws(() => atOnce('decide', late), /^TypeError: decide returned a promise; it must answer at once/);
    await new Promise(setImmediate);
  });
});

describe('unawaited', () => {
  it('reports what nobody waits for', async () => {
    const reported: unknown[] = [];
    for (const result of [1, null, Promise.resolve(2), Promise.reject(new Error('late'))])
      unawaited(result, (error) => reported.push((error as Error).message));
    unawaited(Promise.reject(new Error('to nobody')));
    await new Promise(setImmediate);
    assert.deepEqual(reported, ['late']);
  });
});
