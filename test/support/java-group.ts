import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startJavaProgram } from '@hearken/tools-kafka';
import { Recorder } from '@hearken/testing';

const PROGRAM = fileURLToPath(new URL('../../support/java/GroupMembers.java', import.meta.url));

/** One of Java's consumers, in the process of a {@link JavaGroup}. */
export class JavaMember {
  readonly name: string;
  readonly read = new Recorder<string>();
  /** What it was told to give up, as "topic:0,topic:1". */
  readonly revoked: string[] = [];
  readonly lost: string[] = [];
  /** Why it ended, if it did not end well. */
  failure: string | undefined;
  memberId = '';
  owned: readonly string[] = [];
  closed = false;

  constructor(name: string) {
    this.name = name;
  }

  tell(what: string, words: readonly string[]): void {
    const [first = '', second = ''] = words;
    if (what === 'owns') [this.memberId, this.owned] = [first, second.split(',').filter((each) => each !== '')];
    else if (what === 'read') this.read.record(first);
    else if (what === 'revoked') this.revoked.push(first);
    else if (what === 'lost') this.lost.push(first);
    else if (what === 'failed') this.failure = words.join(' ');
    else if (what === 'closed') this.closed = true;
  }
}

/** Members of groups as Java's client has them: one process, however many members. */
export class JavaGroup implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #members = new Map<string, JavaMember>();
  #made = 0;

  private constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
  }

  /** Resolves when the process takes members. */
  static async start(brokers: readonly string[]): Promise<JavaGroup> {
    const java = await startJavaProgram(PROGRAM, [brokers.join()]);
    const group = new JavaGroup(java);
    java.stderr.resume(); // its logging
    const lines = createInterface(java.stdout);
    const ready = once(lines, 'line');
    lines.on('line', (line) => group.#heard(line));
    await Promise.race([ready, once(java, 'exit').then(() => Promise.reject(new Error('java ended at once')))]);
    return group;
  }

  /** @param assignor the class name, within Java's consumer package */
  join(groupId: string, assignor: string, topics: readonly string[]): JavaMember {
    const member = new JavaMember(`java-${++this.#made}`);
    this.#members.set(member.name, member);
    const strategy = `org.apache.kafka.clients.consumer.${assignor}`;
    this.#process.stdin.write(`open ${member.name} ${groupId} ${strategy} ${topics.join()}\n`);
    return member;
  }

  leave({ name }: JavaMember): void {
    this.#process.stdin.write(`close ${name}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }

  #heard(line: string): void {
    const [name = '', what = '', ...words] = line.split(' ');
    this.#members.get(name)?.tell(what, words);
  }
}
