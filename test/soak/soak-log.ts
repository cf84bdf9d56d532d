import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** A listener began, or ended, with the nth record of a key. */
export interface SoakEvent {
  readonly at: 'start' | 'end';
  readonly who: string;
  readonly key: string;
  readonly n: number;
}

const CHUNK_BYTES = 1024 * 1024;

/** One file for all processes: a line is appended by one write, so that the order of lines is the order of events. */
export class SoakLog {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write({ at, who, key, n }: SoakEvent): void {
    writeSync(this.#file, `${at} ${who} ${key} ${n}\n`);
  }
}

/** Follows a log while it is written, and keeps nothing of it. */
export class SoakLogReader implements Disposable {
  readonly #file: number;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #rest = '';

  constructor(path: string) {
    this.#file = openSync(path, 'a+');
  }

  /** What came since it was last asked. */
  *events(): Generator<SoakEvent> {
    for (let read = readSync(this.#file, this.#chunk); read > 0; read = readSync(this.#file, this.#chunk)) {
      const lines = (this.#rest + this.#chunk.toString('latin1', 0, read)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const [at, who = '', key = '', n] = line.split(' ');
        yield { at: at as SoakEvent['at'], who, key, n: Number(n) };
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
