import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../docs/documents.js';

/** esbuild, which is in tsx and many bundlers, compiles decorators and writes no types of parameters for them. */
describe('a project that is compiled by esbuild', function () {
  this.timeout(300_000); // a process

  it('has listener beans', async () => {
    const project = join(ROOT, 'test', 'tsx', 'project');
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), 'main.ts'],
      {
        cwd: project,
        timeout: 240_000,
      },
    );
    assert.equal(stdout, 'o-1 12 t orders false 1\nbill of o-1\n', stderr);
  });
});
