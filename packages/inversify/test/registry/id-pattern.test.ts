import assert from 'node:assert/strict';
import { idPattern } from '../../dist/registry/id-pattern.js';

describe('idPattern', () => {
  for (const [glob, id, isMeant] of [
    ['orders-*', 'orders-eu', true],
    ['orders-*', 'my-orders-eu', false],
    ['*', 'Billing.on', true],
    ['Billing.?n', 'Billing.on', true],
    ['Billing.on', 'Billingxon', false],
    ['a+b', 'a+b', true],
    ['a?', 'a', false],
  ] as const) {
    it(`${glob} ${isMeant ? 'means' : 'does not mean'} ${id}`, () => assert.equal(idPattern(glob)(id), isMeant));
  }
});
