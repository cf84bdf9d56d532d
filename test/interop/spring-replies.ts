import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startJavaProgram } from '@hearken/tools-kafka';
import { Recorder } from '@hearken/testing';

const PROGRAM = fileURLToPath(new URL('../../interop/SpringReplies.java', import.meta.url));
const POM = fileURLToPath(new URL('../../interop/pom.xml', import.meta.url));

export interface SpringRepliesInit {
  readonly brokers: readonly string[];
  /** The topic that Spring answers requests of. */
  readonly answered: string;
  /** The topic that Spring sends its own requests to, and where it reads their replies. */
  readonly asked: string;
  readonly replies: string;
  readonly requests: readonly string[];
}

/** Spring's ends of request and reply, in a JVM. */
export class SpringReplies implements AsyncDisposable {
  /** "ready", and the replies to its own requests. */
  readonly told = new Recorder<string>();
  readonly #java: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;

  private constructor(java: ChildProcessWithoutNullStreams) {
    this.#java = java;
    createInterface(java.stdout).on('line', this.told.record);
    this.#ended = SpringReplies.#end(java);
    this.#ended.catch(() => undefined); // who waits hears of it: `received`, `close`
  }

  static async start({ brokers, answered, asked, replies, requests }: SpringRepliesInit): Promise<SpringReplies> {
    return new SpringReplies(
      await startJavaProgram(PROGRAM, [brokers.join(), answered, asked, replies, ...requests], POM),
    );
  }

  static async #end(java: ChildProcessWithoutNullStreams): Promise<void> {
    const closed = once(java, 'close') as Promise<[code: number | null]>;
    const [log, [code]] = await Promise.all([text(java.stderr), closed]);
    if (code !== 0) throw new Error(`Spring ended with ${code ?? 'a signal'}:\n${log}`);
  }

  /** Resolves when it has said so many lines; rejects if it ends before. */
  async received(lines: number): Promise<readonly string[]> {
    await Promise.race([this.told.received(lines), this.#ended]);
    return this.told.items;
  }

  /** Resolves when it has ended well. */
  async close(): Promise<void> {
    this.#java.stdin.end();
    await this.#ended;
  }

  /** However the test ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#java.kill();
    await this.#ended.catch(() => undefined);
  }
}
