import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OrderService } from '../support/order-service.js';
import { until } from '../support/until.js';
import { ROOT } from './documents.js';

const LINES = 200;

describe('the order service', function () {
  this.timeout(300_000);

  it('takes, refuses, ships and gives up orders on the broker that it brings, and drains', async () => {
    const service = await OrderService.start('order-service', '');
    try {
      const order = { id: 'o-1', customer: 'c-1', address: 'High Street 1', total: 12 };
      assert.equal(await service.post({ ...order, level: 'urgent' }), 202);
      assert.equal(await service.post({ ...order, id: 'o-2', address: '', level: 'bulk' }), 202);
      assert.equal(await service.post({ ...order, id: 'o-3', total: 10_001 }), 402);
      assert.equal(await service.post({ ...order, id: 'o-4', total: 'much' }), 400);
      assert.equal(await service.post({ ...order, id: 'o-5' }), 202);
      const expected = ['gave up: o-2 has no address', 'shipped o-1', 'shipped o-5'];
      await until('all are worked off', () => service.lines.items.length > expected.length);
      assert.deepEqual(await service.stop(), { code: 0, last: 'drained' });
      assert.deepEqual(service.lines.items.slice(1, -1).sort(), expected);
    } finally {
      service.kill();
    }
  });

  it(`is a file of less than ${LINES} lines`, () => {
    const source = readFileSync(join(ROOT, 'examples/src/order-service.ts'), 'utf8');
    assert.ok(source.split('\n').length <= LINES);
  });
});
