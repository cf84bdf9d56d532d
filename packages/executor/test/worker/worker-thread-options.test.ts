import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { KafkaConfigError } from '@hearken/core';
import { resolveWorkerThreadOptions } from '../../dist/worker/worker-thread-options.js';

const problemsOf = (url: unknown, options?: unknown): readonly string[] => {
  try {
    resolveWorkerThreadOptions(url, options);
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
};

describe('options of worker threads', () => {
  it('have defaults, and leave a core to the container', () => {
    const { threads, terminateAfterMs, returnsResult } = resolveWorkerThreadOptions('/w.js', undefined);
    assert.ok(threads >= 1);
    assert.deepEqual([terminateAfterMs, returnsResult], [5_000, false]);
  });

  it('take a module as URL, its text, or absolute path', () => {
    const url = pathToFileURL('/a b/w.js');
    for (const given of [url, url.href, '/a b/w.js']) assert.equal(resolveWorkerThreadOptions(given, {}).url, url.href);
  });

  it('refuse what is no file: a relative path would mean another one in every folder', () => {
    for (const given of ['./w.js', 'w.js', '', undefined, null, 7, new URL('https://example.org/w.js')])
      assert.match(
        problemsOf(given)[0] ?? '',
        /^url must be the file of a module: new URL\('\.\/worker\.js', import\.meta\.url\), or an absolute path, got /,
      );
  });

  it('say everything that is wrong at once, and what was meant', () => {
    assert.deepEqual(
      problemsOf('w.js', { threads: 0, terminateAfterMs: -1, thread: 2, resourceLimits: 4, logger: {} }).length,
      6,
    );
    assert.deepEqual(problemsOf('/w.js', { thread: 2 }), ["thread is not an option; did you mean 'threads'?"]);
    assert.match(problemsOf('/w.js', { clock: 1 })[0] ?? '', /clock must have the methods now, monotonic, setTimer/);
  });
});
