import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { Ordering } from 'hearken';

/** What the processes of a crash run write down, each before it could matter to anyone else. */
export type CrashEvent =
  | { readonly at: 'sent'; readonly p: number; readonly o: number; readonly key: string; readonly n: number }
  /** `tight`: what its listeners end is committed when it gives a partition up; not if they acknowledge later, or are not waited for. */
  | {
      readonly at: 'began';
      readonly who: string;
      readonly ordering: Ordering;
      readonly tight: boolean;
      /** Records of keys that fail are parked: they come a second time, and perhaps more often. */
      readonly parks?: boolean;
      /** Its commits tell what ended behind the offset, and what others tell so it is spared. */
      readonly maps?: boolean;
      /** How long after a record ended it commits it, where that is a matter of time. */
      readonly commitsWithinMs?: number | undefined;
      readonly settings: object;
    }
  /** These partitions are its own from now on. */
  | { readonly at: 'owns'; readonly who: string; readonly ps: readonly number[] }
  /** And these no more: given up in order, or taken away. */
  | { readonly at: 'gone'; readonly who: string; readonly ps: readonly number[]; readonly how: 'revoked' | 'lost' }
  | {
      readonly at: 'start';
      readonly who: string;
      readonly p: number;
      readonly o: number;
      readonly epoch: number;
      readonly attempt: number;
    }
  | { readonly at: 'done'; readonly who: string; readonly p: number; readonly o: number }
  /** It is in the parked topic, and its place may be committed; it is not done. */
  | { readonly at: 'parked'; readonly who: string; readonly p: number; readonly o: number }
  /** A commit goes out, or it is over, whatever came of it. */
  | { readonly at: 'committing' | 'answered'; readonly who: string }
  | { readonly at: 'committed'; readonly who: string; readonly p: number; readonly o: number }
  | { readonly at: 'commit-failed'; readonly who: string; readonly ps: readonly number[]; readonly why?: string }
  /** It ended as asked; a listener says whether it waited for all that ran, and what it has written. */
  | {
      readonly at: 'stopped';
      readonly who: string;
      readonly drained?: boolean;
      /** Records that it was told of, or knew, to have ended. */
      readonly spared?: number;
      readonly committed?: readonly (readonly [p: number, o: number])[];
    }
  /** By SIGKILL, and it is dead by now. */
  | { readonly at: 'killed'; readonly who: string }
  /** What the group has committed, as somebody else reads it. */
  | { readonly at: 'group'; readonly offsets: readonly (readonly [p: number, o: number])[] }
  | { readonly at: 'trouble'; readonly who: string; readonly what: string };

/** As it stands in the file: with the time, in milliseconds, of the process that wrote it, since that began. */
export type LoggedEvent = CrashEvent & { readonly ms?: number };

/** One file for all processes: a line is appended by one write, so that the order of lines is the order of events. */
export class CrashLog {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(event: CrashEvent): void {
    writeSync(this.#file, `${JSON.stringify({ ...event, ms: Math.round(performance.now()) })}\n`);
  }
}

/** Follows a log while it is written. */
export class CrashLogReader implements Disposable {
  readonly events: LoggedEvent[] = [];
  readonly #ended = new Set<string>();
  #hasTrouble = false;
  readonly #file: number;
  readonly #chunk = Buffer.alloc(1024 * 1024);
  #rest = '';

  constructor(path: string) {
    this.#file = openSync(path, 'a+');
  }

  /** How many records have ended at a listener. */
  get ended(): number {
    return this.#ended.size;
  }

  /** Whether a process has found something wrong. */
  get hasTrouble(): boolean {
    return this.#hasTrouble;
  }

  /** Takes in what came since the last call. */
  catchUp(): readonly LoggedEvent[] {
    for (let read = -1; read !== 0;) {
      read = readSync(this.#file, this.#chunk);
      const lines = (this.#rest + this.#chunk.toString('latin1', 0, read)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(whole(line)) as LoggedEvent);
    }
    return this.events;
  }

  #take(event: LoggedEvent): void {
    this.events.push(event);
    if (event.at === 'done') this.#ended.add(`${event.p}@${event.o}`);
    if (event.at === 'trouble') this.#hasTrouble = true;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** Of a line that begins with what a killed process did not come to end, the event that another wrote behind it. */
const whole = (line: string): string => line.slice(Math.max(0, line.lastIndexOf('{"at":')));
