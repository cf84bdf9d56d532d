import { spawn } from 'node:child_process';
import { ROOT } from './setup.mjs';

/**
 * Runs a Node program to its end, on our own terminal; resolves with its exit code (1 if a signal ended it). It gets the
 * signals we get, and is killed at `timeoutMs`, so that it never outlives us.
 *
 * @param options.output descriptor of a file to write to instead
 */
export function runNode(args, { env = {}, timeoutMs, output = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['inherit', output, output],
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const pass = (signal) => child.kill(signal);
    process.on('SIGINT', pass).on('SIGTERM', pass);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGINT', pass).off('SIGTERM', pass);
      resolve(code ?? 1);
    });
  });
}
