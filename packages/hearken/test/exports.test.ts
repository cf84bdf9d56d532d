import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as client from '@hearken/client-kafkajs';
import * as core from '@hearken/core';
import * as executor from '@hearken/executor';
import * as listener from '@hearken/listener';
import * as priority from '@hearken/priority';
import * as template from '@hearken/template';
import * as hearken from '../dist/index.js';

const parts: readonly object[] = [client, core, executor, listener, priority, template];

describe('hearken', () => {
  // Two `export *` that both have a name leave it out, without a word.
  it('has every name of its parts', () => {
    const names = parts.flatMap((part) => Object.keys(part));
    assert.deepEqual(Object.keys(hearken).sort(), names.sort());
  });

  it('is the same when it is required', () => {
    assert.equal(createRequire(import.meta.url)('../dist/index.js'), hearken);
  });
});
