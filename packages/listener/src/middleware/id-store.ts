import { integer, OptionsCheck } from '@hearken/core/internal';

/** Remembers which ids were processed. What either method throws, or rejects with, fails the record. */
export interface IdStore {
  /** Whether a record with this id has been processed. */
  has(id: string): boolean | PromiseLike<boolean>;
  /** A record with this id has been processed; its offset is not committed yet. May be told twice of the same id. */
  add(id: string): unknown;
}

export interface InMemoryIdStoreOptions {
  /** How many ids are remembered, from 1: those added or asked for last. @default 100000 */
  readonly size?: number;
}

/** Remembers ids for as long as the process lives, up to a number of them. */
export class InMemoryIdStore implements IdStore {
  readonly #size: number;
  /** In the order of their last use: a Set keeps that of insertion. */
  readonly #ids = new Set<string>();

  /** @throws KafkaConfigError */
  constructor(options?: InMemoryIdStoreOptions) {
    const check = new OptionsCheck('InMemoryIdStore');
    this.#size = check.resolve(options, { size: integer(100_000, { min: 1 }) }).size;
    check.throwIfAny();
  }

  has(id: string): boolean {
    if (!this.#ids.delete(id)) return false;
    this.#ids.add(id);
    return true;
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#size) return;
      this.#ids.delete(oldest);
    }
  }
}
