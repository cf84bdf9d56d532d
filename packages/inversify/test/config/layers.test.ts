import assert from 'node:assert/strict';
import fc from 'fast-check';
import { flatten, merge, unflatten, type Layer, type Origin } from '../../dist/config/layers.js';
import { ALTERNATIVES } from '../../dist/config/settings.js';

const PATHS = [
  'concurrency',
  'taskExecutor',
  'topics',
  'topicPattern',
  'groupId',
  'batch.maxRecords',
  'consumer.groupId',
];
const ORIGINS: readonly Origin[] = ['factory', 'listener', 'config', 'environment', 'run-time'];

const values = fc.dictionary(fc.constantFrom(...PATHS), fc.oneof(fc.integer(), fc.constant(null)));
const someLayers = fc.array(values, { maxLength: ORIGINS.length }).map((all): Layer[] =>
  all.map((said, i) => ({
    origin: ORIGINS[i] ?? 'run-time',
    source: (path) => `${i}.${path}`,
    values: new Map(Object.entries(said)),
  })),
);

/** A path's value by its definition: that of the last who says it, if nobody after takes it away or says what excludes it. */
function holds(layers: readonly Layer[], path: string): unknown {
  const rivals = ALTERNATIVES.find((names) => names.includes(path)) ?? [path];
  const last = layers.findLastIndex(({ values: said }) => rivals.some((rival) => said.has(rival)));
  const value = layers[last]?.values.get(path);
  return value === null ? undefined : value;
}

describe('merge', () => {
  it('holds for each path what the strongest says, and of alternatives the strongest alone', () => {
    fc.assert(
      fc.property(someLayers, (layers) => {
        const merged = merge(layers);
        for (const path of PATHS) assert.equal(merged.get(path)?.value, holds(layers, path), path);
      }),
    );
  });

  it('knows who said it', () => {
    fc.assert(
      fc.property(someLayers, (layers) => {
        for (const [path, { value, origin, source }] of merge(layers)) {
          const layer = layers.find((one) => one.origin === origin);
          assert.equal(layer?.values.get(path), value);
          assert.equal(source, `${ORIGINS.indexOf(origin)}.${path}`);
        }
      }),
    );
  });
});

describe('flatten', () => {
  it('is undone by unflatten', () => {
    const settings = {
      concurrency: 3,
      topics: ['a'],
      batch: { maxRecords: 2, lingerMs: 1 },
      consumer: { groupId: 'g' },
    };
    const merged = merge([{ origin: 'config', source: 'x', values: flatten(settings) }]);
    assert.deepEqual(
      [...merged.keys()],
      ['concurrency', 'topics', 'batch.maxRecords', 'batch.lingerMs', 'consumer.groupId'],
    );
    assert.deepEqual(unflatten(merged), settings);
  });

  it('takes undefined for not said', () => {
    assert.deepEqual([...flatten({ concurrency: undefined, batch: { lingerMs: undefined } })], []);
    assert.deepEqual([...flatten(undefined)], []);
  });
});
