import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startJavaProgram } from '@hearken/tools-kafka';

const PROGRAM = fileURLToPath(new URL('../../interop/SpringDeadLetters.java', import.meta.url));
const POM = fileURLToPath(new URL('../../interop/pom.xml', import.meta.url));

/** A dead letter as a listener of Spring's declares it. */
export interface SpringLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: string;
  readonly group: string;
  readonly exception: string | null;
  readonly cause: string | null;
  readonly message: string | null;
  readonly stackTrace: string | null;
  readonly keyException: string | null;
  readonly keyMessage: string | null;
  readonly keyStackTrace: string | null;
}

/** Does one step after the other in one JVM; resolves with what those that read were given. */
export async function runSpring(brokers: readonly string[], steps: readonly string[][]): Promise<SpringLetter[]> {
  const java = await startJavaProgram(PROGRAM, [brokers.join(), ...steps.flat()], POM);
  const ended = once(java, 'close') as Promise<[code: number | null]>;
  const [written, log, [code]] = await Promise.all([text(java.stdout), text(java.stderr), ended]);
  if (code !== 0) throw new Error(`Spring ended with ${code ?? 'a signal'}:\n${log}`);
  return written
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as SpringLetter);
}
