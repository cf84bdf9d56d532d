import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../docs/documents.js';

/** tsx compiles in the main thread only, by itself. */
describe('a project that runs its TypeScript by tsx', function () {
  this.timeout(300_000); // a process

  it('has its listeners in worker threads', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), 'worker-main.ts'],
      { cwd: join(ROOT, 'test', 'tsx', 'project'), timeout: 240_000 },
    );
    assert.equal(stdout, 'o-1 in a thread\n', stderr);
  });
});
