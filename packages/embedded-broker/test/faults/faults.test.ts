import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import type { FaultRuleBuilder } from '../../dist/faults/fault-rule-builder.js';
import type { FaultSpec } from '../../dist/faults/fault-spec.js';
import { Faults } from '../../dist/faults/faults.js';
import type { RecordedRequest } from '../../dist/faults/recorded-request.js';
import { RequestLog } from '../../dist/faults/request-log.js';
import type { BrokerHost } from '../../dist/host.js';

/** A host that notes what it is asked. */
function setup() {
  const asked: unknown[][] = [];
  const specs: FaultSpec[] = [];
  const host = new Proxy({} as BrokerHost, {
    get: (_target, name) =>
      name === 'addRule'
        ? (spec: FaultSpec) => Promise.resolve(specs.push(spec))
        : (...args: unknown[]) => (asked.push([name, ...args]), Promise.resolve(true)),
  });
  const requests = new RequestLog({ clock: new ManualClock() });
  return { faults: new Faults(host, requests), requests, asked, specs };
}

const hit = (requests: RequestLog, seq: number, ruleId: number): void => {
  requests.take({ kind: 'arrived', request: { seq, api: 'Fetch', topics: [] } as unknown as RecordedRequest, ruleId });
};

describe('Faults', () => {
  it('makes of each effect a rule of plain data', async () => {
    const { faults, specs } = setup();
    const on = faults.on({ api: 'Fetch', nth: 2 });
    const responder = (): undefined => undefined;
    await on.error('NOT_LEADER_OR_FOLLOWER');
    await on.error(6);
    await on.delay(5);
    await on.dropRequest();
    await on.dropResponse();
    await on.hang();
    await on.close();
    await on.truncate(7);
    await on.throttle(8);
    await on.respond(responder);
    assert.deepEqual(
      specs.map(({ effect }) => effect),
      [
        { kind: 'error', errorCode: 6 },
        { kind: 'error', errorCode: 6 },
        { kind: 'delay', delayMs: 5 },
        { kind: 'drop-request' },
        { kind: 'drop-response' },
        { kind: 'hang' },
        { kind: 'close' },
        { kind: 'truncate', bytes: 7 },
        { kind: 'throttle', throttleMs: 8 },
        { kind: 'respond', responder },
      ],
    );
    assert.ok(specs.every(({ match, trigger }) => match.api === 'Fetch' && trigger.nth === 2 && trigger.times === 1));
    structuredClone(specs.slice(0, -1));
  });

  it('refuses a rule that takes no request, before its effect is said', () => {
    assert.throws(() => setup().faults.on({ api: 'Fetsch' as never }), { code: 'INVALID_CONFIG' });
  });

  for (const [what, make, message] of [
    ['an error that is none', (on) => on.error('NOT_LEADER'), /did you mean 'NOT_LEADER_OR_FOLLOWER'/],
    ['no error for an error', (on) => on.error(0), /one of Kafka's errors, got 0/],
    ['an unknown number', (on) => on.error(4_711), /one of Kafka's errors, got 4711/],
    ['a delay that is none', (on) => on.delay(-1), /delayMs: must be a whole number/],
    ['no bytes', (on) => on.truncate(undefined as never), /bytes: is required/],
    ['half a throttle time', (on) => on.throttle(0.5), /throttleMs: must be a whole number/],
    ['a responder that is none', (on) => on.respond({} as never), /responder: must be a function/],
  ] as [string, (on: FaultRuleBuilder<'Fetch'>) => unknown, RegExp][]) {
    it(`refuses ${what}`, () => {
      const { faults, specs } = setup();
      assert.throws(() => make(faults.on({ api: 'Fetch' })), { code: 'INVALID_CONFIG', message });
      assert.equal(specs.length, 0);
    });
  }

  it('a rule counts what it took, and tells of the next', async () => {
    const { faults, requests, asked } = setup();
    const first = await faults.on({ api: 'Fetch' }).hang();
    const second = await faults.on({ api: 'Fetch' }).close();
    hit(requests, 1, 2);
    const next = second.nextHit();
    hit(requests, 2, 1);
    hit(requests, 3, 2);
    assert.equal((await next).seq, 3);
    assert.deepEqual([first.hits, second.hits], [1, 2]);
    await second.remove();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(asked, [
      ['removeRule', 2],
      ['removeRule', 1],
    ]);
  });

  it('scenarios are commands to the broker', async () => {
    const { faults, asked } = setup();
    await faults.broker(1).down();
    await faults.broker(1).up();
    await faults.broker(2).pause();
    await faults.broker(2).resume();
    assert.equal(await faults.group('g').evict('m'), true);
    await faults.group('g').forceRebalance();
    await faults.group('g').moveCoordinator(2);
    await faults.transaction('x').moveCoordinator(3);
    await faults.partition('t', 4).moveLeader(2);
    await faults.partition('t', 4).truncate(5);
    await faults.partition('t', 4).setLogStart(6);
    await faults.partition('t', 4).corruptBatch(7);
    await faults.clear();
    assert.deepEqual(asked, [
      ['brokerDown', 1],
      ['brokerUp', 1],
      ['brokerPause', 2],
      ['brokerResume', 2],
      ['evictMember', 'g', 'm'],
      ['forceRebalance', 'g'],
      ['moveCoordinator', 'group', 'g', 2],
      ['moveCoordinator', 'transaction', 'x', 3],
      ['moveLeader', 't', 4, 2],
      ['truncateLog', 't', 4, 5],
      ['setLogStart', 't', 4, 6],
      ['corruptBatch', 't', 4, 7],
      ['clearRules'],
    ]);
  });

  for (const offset of [-1, 0.5, NaN, '5', undefined] as number[]) {
    it(`refuses ${typeof offset} ${offset} as an offset, which would spoil a log`, async () => {
      const { faults, asked } = setup();
      const partition = faults.partition('t', 4);
      for (const method of ['truncate', 'setLogStart', 'corruptBatch'] as const) {
        await assert.rejects(partition[method](offset), {
          code: 'INVALID_CONFIG',
          message: new RegExp(`^faults\\.partition\\(\\)\\.${method}\\(\\) cannot be used`),
        });
      }
      assert.deepEqual(asked, []);
    });
  }
});
