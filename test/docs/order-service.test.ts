import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { OrderService } from '../support/order-service.js';
import { until } from '../support/until.js';
import { ROOT } from './documents.js';

const LINES = 200;
const ORDER = { id: 'o-1', customer: 'c-1', address: 'High Street 1', total: 12 };

describe('the order service', function () {
  this.timeout(300_000);

  it('takes, refuses, ships and gives up orders on the broker that it brings, and drains', async () => {
    const service = await OrderService.start('order-service', '');
    try {
      assert.equal(await service.post({ ...ORDER, level: 'urgent' }), 202);
      assert.equal(await service.post({ ...ORDER, id: 'o-2', address: '', level: 'bulk' }), 202);
      assert.equal(await service.post({ ...ORDER, id: 'o-3', total: 10_001 }), 402);
      assert.equal(await service.post({ ...ORDER, id: 'o-4', total: 'much' }), 400);
      assert.equal(await service.post({ ...ORDER, id: 'o-5' }), 202);
      const expected = ['gave up: o-2 has no address', 'shipped o-1', 'shipped o-5'];
      await until('all are worked off', () => service.lines.items.length > expected.length);
      assert.deepEqual(await service.stop(), { code: 0, last: 'drained' });
      assert.deepEqual(service.lines.items.slice(1, -1).sort(), expected);
    } finally {
      service.kill();
    }
  });

  it('answers what is no order, and keeps no connection once it is told to stop', async () => {
    const service = await OrderService.start('order-service', '');
    try {
      await service.ready();
      const { status: unknown } = (await service.ask('GET', '/orders')) ?? {};
      assert.equal(unknown, 404);
      const bodies = [
        '',
        '{"id":',
        '[]',
        JSON.stringify({ ...ORDER, total: -1 }),
        JSON.stringify('x'.repeat(1_000_000)),
      ];
      const answers = [];
      for (const body of bodies) answers.push(await service.ask('POST', '/orders', body));
      assert.deepEqual(
        answers.map((answer) => answer?.status),
        [400, 400, 400, 400, 413],
      );
      assert.match(String(answers[3]?.content), /total/u);
      const kept = await begunPost(service);
      const stopping = service.stop();
      await until('it takes no more', async () => (await service.ask('GET', '/health')) === undefined);
      let said = '';
      kept.on('data', (chunk: Buffer) => (said += chunk.toString())).write('[]');
      await once(kept, 'close');
      // Else a client with more to ask would ask it, and the service would go on for as long as it has clients.
      assert.match(said, /^HTTP\/1.1 400 .*connection: close/isu);
      assert.deepEqual(await stopping, { code: 0, last: 'drained' });
    } finally {
      service.kill();
    }
  });

  it('tells who waits for an approval in vain, and waits itself for no client that says nothing', async () => {
    const service = await OrderService.start('order-service', '', {
      HEARKEN_CONTAINERS_APPROVALS_APPROVE_AUTO_STARTUP: 'false',
      REPLY_TIMEOUT_MS: '100',
    });
    try {
      assert.deepEqual(await service.ask('POST', '/orders', JSON.stringify(ORDER)), {
        status: 504,
        content: 'nobody approved it in time',
      });
      const silent = await begunPost(service);
      assert.deepEqual(await service.stop(), { code: 0, last: 'drained' });
      silent.destroy();
    } finally {
      service.kill();
    }
  });

  it(`is a file of less than ${LINES} lines`, () => {
    const source = readFileSync(join(ROOT, 'examples/src/order-service.ts'), 'utf8');
    assert.ok(source.split('\n').length <= LINES);
  });
});

/** An order of two bytes, which are still to come: the service has said that it waits for them. */
async function begunPost({ url }: OrderService): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), 'localhost');
  socket.write('POST /orders HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 100 /u);
  return socket;
}
