import assert from 'node:assert/strict';
import { exerciseIdStore } from '@hearken/testing';
import { InMemoryIdStore, type IdStore } from '../../dist/index.js';

/** As a user would write one: asynchronous, and over something that lasts. */
class LastingIdStore implements IdStore {
  readonly #ids: Set<string>;

  constructor(ids: Set<string>) {
    this.#ids = ids;
  }

  async has(id: string): Promise<boolean> {
    await Promise.resolve();
    return this.#ids.has(id);
  }

  async add(id: string): Promise<void> {
    await Promise.resolve();
    this.#ids.add(id);
  }
}

/** What a suite says of a store, without a test runner. */
async function complaintsOf(make: () => IdStore): Promise<number> {
  const bodies: (() => void | Promise<void>)[] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (_: string, body: () => void) => bodies.push(body),
  };
  exerciseIdStore(make, { runner });
  const results = await Promise.allSettled(bodies.map(async (body) => body()));
  return results.filter(({ status }) => status === 'rejected').length;
}

describe('InMemoryIdStore', () => {
  exerciseIdStore(() => new InMemoryIdStore());
});

describe('a store that lasts', () => {
  let ids = new Set<string>();
  exerciseIdStore(() => new LastingIdStore((ids = new Set())), { reopen: () => new LastingIdStore(ids) });
});

describe('exerciseIdStore', () => {
  it('finds stores out that forget, mix ids up, or know too much', async () => {
    const forgetful: IdStore = { has: () => false, add: () => undefined };
    assert.ok((await complaintsOf(() => forgetful)) > 0);
    assert.ok((await complaintsOf(() => ({ has: () => true, add: () => undefined }))) > 0);
    const careless = (): IdStore => {
      const ids = new Set<string>();
      return { has: (id) => ids.has(id.trim().toLowerCase()), add: (id) => ids.add(id.trim().toLowerCase()) };
    };
    assert.equal(await complaintsOf(careless), 1);
    assert.equal(await complaintsOf(() => new InMemoryIdStore()), 0);
  });
});
