import { spawn } from 'node:child_process';

/** A program's end. */
export interface Ended {
  /** null if a signal ended it. */
  readonly code: number | null;
  /** What it wrote, standard output and error together. */
  readonly output: string;
}

/** Runs a program to its end. Rejects only if it cannot be started (`ENOENT`). */
export function run(command: string, args: readonly string[], cwd?: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** As {@link run}; rejects too if the program fails, with what it wrote. */
export async function runOrThrow(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { code, output } = await run(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ''} failed with exit code ${code ?? 'none'}:\n${output}`);
  return output;
}

/** Whether a program is not installed at all. */
export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
