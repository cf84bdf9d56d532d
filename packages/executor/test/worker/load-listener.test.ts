import assert from 'node:assert/strict';
import { codeOf } from '@hearken/core';
import { listenerOf } from '../../dist/worker/load-listener.js';

const listener = (): void => undefined;

describe('the listener of a module', () => {
  for (const [what, exports] of Object.entries({
    'its listener': { listener },
    'its default': { default: listener },
    'its listener before its default': { listener, default: () => 'another' },
    'what a CommonJS module exports': { default: listener, 'module.exports': listener },
    'the listener of a CommonJS module whose names Node does not find': { default: { listener } },
    'the default of a module that was compiled to CommonJS': { default: { __esModule: true, default: listener } },
  }))
    it(`is ${what}`, () => assert.equal(listenerOf(exports, 'file:///w.js'), listener));

  it('is missed with what there is instead', () => {
    for (const [exports, found] of [
      [{}, 'nothing'],
      [{ handler: listener, other: 1 }, 'handler, other'],
      [{ listener: 'no function' }, 'listener'],
      [{ default: { handler: listener } }, 'default'],
    ] as const)
      assert.throws(
        () => listenerOf(exports, 'file:///w.js'),
        (error: Error) => {
          assert.equal(codeOf(error), 'WORKER_MODULE_FAILED');
          assert.match(error.message, new RegExp(`file:///w.js exports no listener, but ${found}; it takes: export `));
          return true;
        },
      );
  });
});
