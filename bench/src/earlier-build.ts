import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { THIS_BUILD } from './contender.js';

const ROOT = fileURLToPath(new URL('../..', THIS_BUILD));

/**
 * Checks a commit out beside this one, installs and builds it with its own tools, and runs `work` with the bench there.
 * That bench is this one's, so that both libraries do the same work and are measured alike. Nothing is left behind.
 * @throws Error if there is no such commit, or it does not build
 */
export async function withEarlierBuild<T>(
  ref: string,
  signal: AbortSignal,
  work: (bench: URL) => Promise<T>,
): Promise<T> {
  const parent = await mkdtemp(join(tmpdir(), 'hearken-bench-'));
  const folder = join(parent, 'hearken');
  try {
    await run('git', ['worktree', 'add', '--detach', folder, ref], ROOT, signal);
    await run(process.execPath, ['scripts/setup.mjs'], folder, signal);
    const bench = join(folder, 'bench', 'dist');
    await rm(bench, { recursive: true, force: true });
    await cp(fileURLToPath(THIS_BUILD), bench, { recursive: true });
    return await work(pathToFileURL(join(bench, '/')));
  } finally {
    await rm(parent, { recursive: true, force: true });
    await run('git', ['worktree', 'prune'], ROOT);
  }
}

/** What the program prints goes to stderr: stdout is for figures. */
async function run(command: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', process.stderr, process.stderr], signal });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}
