import { spawn } from 'node:child_process';

/** A program's end. */
export interface Ended {
  /** null if a signal ended it. */
  readonly code: number | null;
  /** What it wrote, standard output and error together. */
  readonly output: string;
}

/**
 * Runs a program to its end. Rejects only if it cannot be started (`ENOENT`).
 * @param input what it reads
 */
export function run(command: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args);
    child.stdin.on('error', () => undefined); // it may end without having read all
    child.stdin.end(input);
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** As {@link run}; rejects too if the program fails, with what it wrote. */
export async function runOrThrow(command: string, args: readonly string[], input?: string): Promise<string> {
  const { code, output } = await run(command, args, input);
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ''} failed with exit code ${code ?? 'none'}:\n${output}`);
  return output;
}

/** Whether a program is not installed at all. */
export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
