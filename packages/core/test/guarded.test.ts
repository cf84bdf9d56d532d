import assert from 'node:assert/strict';
import { guarded } from '@hearken/core/internal';

describe('guarded', () => {
  it('hands on what is told, and reports what the observer throws or rejects with', async () => {
    const reported: unknown[] = [];
    const seen: unknown[] = [];
    const tell = guarded(
      (payload: string) => {
        seen.push(payload);
        if (payload === 'throw') throw new Error('thrown');
        return payload === 'reject' ? Promise.reject(new Error('rejected')) : undefined;
      },
      (error) => reported.push((error as Error).message),
    );
    for (const payload of ['well', 'throw', 'reject']) tell(payload);
    await new Promise(setImmediate);
    assert.deepEqual(seen, ['well', 'throw', 'reject']);
    assert.deepEqual(reported, ['thrown', 'rejected']);
  });
});
