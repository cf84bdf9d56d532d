import assert from 'node:assert/strict';
import { codeOf } from '@hearken/core';
import { loadPiscina } from '../../dist/worker/load-piscina.js';

const failing = (message: string): NodeJS.Require =>
  (() => {
    throw new Error(message);
  }) as unknown as NodeJS.Require;

describe('piscina', () => {
  it('is found', () => assert.equal(typeof loadPiscina(), 'function'));

  it('is said to be missing, with what installs it', () => {
    assert.throws(
      () => loadPiscina(failing(`Cannot find module 'piscina'\nRequire stack:`)),
      (error: Error) => codeOf(error) === 'MISSING_PACKAGE' && error.message.endsWith('not installed: npm i piscina'),
    );
  });

  it('is said to be there when it does not load', () => {
    assert.throws(
      () => loadPiscina(failing(`Cannot find module '@napi-rs/nice'`)),
      (error: Error) =>
        error.message.endsWith('installed but does not load') && String(error.cause).includes('@napi-rs/nice'),
    );
  });
});
