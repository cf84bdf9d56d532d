import assert from 'node:assert/strict';
import { globalRunner, type TestRunner } from './test-runner.js';

/** Of what `@hearken/listener` calls an IdStore. */
export interface ExercisedIdStore {
  has(id: string): boolean | PromiseLike<boolean>;
  add(id: string): unknown;
}

export interface IdStorePromises {
  /** Has the ids of the one that was made before: what another process would find. @default not looked at */
  readonly reopen?: () => ExercisedIdStore | Promise<ExercisedIdStore>;
  /** @default the global one */
  readonly runner?: TestRunner;
}

/** Ids that stores have been known to mix up: by case, by trimming, by what separates keys, by Unicode forms, by cutting. */
const ALIKE = [
  'a',
  'A',
  ' a',
  'a ',
  'a:b',
  'a\u0000b',
  '',
  'é',
  'e\u0301',
  '0',
  '00',
  '{a}',
  'x'.repeat(500),
  'x'.repeat(501),
];

/** What every store of ids promises that `deduplicate` is given. `make` returns an empty one. */
export function exerciseIdStore(
  make: () => ExercisedIdStore | Promise<ExercisedIdStore>,
  { reopen, runner = globalRunner() }: IdStorePromises = {},
): void {
  const { describe, it } = runner;
  describe('as an IdStore', () => {
    it('has an id once it was added, and no other', async () => {
      const store = await make();
      assert.equal(await store.has('a'), false);
      await store.add('a');
      assert.equal(await store.has('a'), true);
      assert.equal(await store.has('b'), false);
    });

    it('does not take an id for one that looks like it', async () => {
      const store = await make();
      for (const id of ALIKE) {
        assert.equal(await store.has(id), false, JSON.stringify(id));
        await store.add(id);
      }
      for (const id of ALIKE) assert.equal(await store.has(id), true, JSON.stringify(id));
    });

    it('may be told twice of an id, and be asked any number of times', async () => {
      const store = await make();
      await store.add('a');
      await store.add('a');
      for (let i = 0; i < 3; i++) assert.equal(await store.has('a'), true);
    });

    it('is asked and told of many at once', async () => {
      const store = await make();
      const ids = Array.from({ length: 50 }, (_, i) => `id-${i}`);
      await Promise.all(
        ids.map(async (id) => {
          await store.add(id);
        }),
      );
      const has = await Promise.all([...ids, 'id-50'].map(async (id) => await store.has(id)));
      assert.deepEqual(has, [...ids.map(() => true), false]);
    });

    if (reopen === undefined) return;
    it('keeps what was added when it is opened again', async () => {
      const store = await make();
      await store.add('kept');
      const again = await reopen();
      assert.deepEqual([await again.has('kept'), await again.has('other')], [true, false]);
    });
  });
}
