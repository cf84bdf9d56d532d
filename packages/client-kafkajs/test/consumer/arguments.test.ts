import assert from 'node:assert/strict';
import { requireCommit } from '../../dist/consumer/arguments.js';

describe('what a consumer commits', () => {
  const at = { topic: 't', partition: 3 };

  it('has an offset, and text as metadata if any', () => {
    requireCommit({ ...at, offset: 0 });
    requireCommit({ ...at, offset: 7, metadata: '' });
  });

  for (const wrong of [
    { offset: -1 },
    { offset: 1.5 },
    { offset: '7' },
    { offset: 7, metadata: 5 },
    { offset: 7, metadata: null },
  ]) {
    it(`is refused before it is sent: ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => requireCommit({ ...at, ...wrong } as never), { code: 'INVALID_OFFSET', message: /^t-3: / });
    });
  }
});
