import { spawn } from 'node:child_process';

/** Runs a program to its end. Resolves with its standard output; rejects with the other one if it fails. */
export function runProgram(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args);
    const written = { out: '', error: '' };
    child.stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (written.error += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(written.out);
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code ?? 'a signal'}:\n${written.error}`));
    });
    child.stdin.end(input);
  });
}
