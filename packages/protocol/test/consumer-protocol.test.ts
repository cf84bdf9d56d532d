import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Subscription,
} from '@hearken/protocol';
import { assignments, subscriptions } from './support/fixtures.js';
import { damaged, onlyProtocolErrors } from './support/hostile.js';

const fromHex = (hex: string) => Buffer.from(hex, 'hex');
const [newest, bare] = subscriptions.slice(3);

/** What Java's consumer was given: see fixtures/Fixtures.java. */
const subscription: Subscription = {
  topics: ['a', 'b'],
  userData: Buffer.from([1, 2]),
  ownedPartitions: [
    { topic: 'a', partitions: [0] },
    { topic: 'b', partitions: [1, 2] },
  ],
  generationId: 4,
};
const assignment = { partitions: [{ topic: 't', partitions: [0, 3] }], userData: Buffer.from([9]) };

describe('the consumer protocol', () => {
  for (const { version, hex } of subscriptions.slice(0, 4)) {
    it(`reads a subscription of version ${version} that Java's consumer wrote`, () => {
      const expected = {
        ...subscription,
        ownedPartitions: version >= 1 ? subscription.ownedPartitions : [],
        generationId: version >= 2 ? 4 : -1,
      };
      assert.deepEqual(decodeSubscription(fromHex(hex)), expected);
    });
  }

  it("writes a subscription as Java's consumer does, byte by byte, in whatever order it is told", () => {
    assert.equal(encodeSubscription(subscription).toString('hex'), newest!.hex);
    const shuffled = {
      ...subscription,
      topics: ['b', 'a'],
      ownedPartitions: [...subscription.ownedPartitions].reverse(),
    };
    assert.equal(encodeSubscription(shuffled).toString('hex'), newest!.hex);
    const only = { topics: ['only'], userData: null, ownedPartitions: [], generationId: -1 };
    assert.equal(encodeSubscription(only).toString('hex'), bare!.hex);
  });

  it("reads assignments of every version that Java's consumer wrote, and writes the newest as it does", () => {
    for (const { hex } of assignments) assert.deepEqual(decodeAssignment(fromHex(hex)), assignment);
    assert.equal(encodeAssignment(assignment).toString('hex'), assignments.at(-1)!.hex);
  });

  it('reads no bytes as no partitions', () => {
    assert.deepEqual(decodeAssignment(Buffer.alloc(0)), { partitions: [], userData: null });
  });

  it('reads a newer version as the newest known, and what it adds not at all', () => {
    const newer = Buffer.concat([fromHex(newest!.hex), Buffer.from([1, 2, 3])]);
    newer.writeInt16BE(9, 0);
    assert.deepEqual(decodeSubscription(newer), decodeSubscription(fromHex(newest!.hex)));
  });

  it('refuses a negative version, and whatever is cut short', () => {
    const negative = fromHex(newest!.hex);
    negative.writeInt16BE(-1, 0);
    assert.throws(() => decodeSubscription(negative), { name: 'ProtocolError', code: 'MALFORMED' });
    for (let cut = 0; cut < negative.length; cut++) {
      assert.throws(() => decodeSubscription(fromHex(newest!.hex).subarray(0, cut)), { code: 'MALFORMED' });
    }
    const whole = encodeAssignment(assignment);
    for (let cut = 1; cut < whole.length; cut++) {
      assert.throws(() => decodeAssignment(whole.subarray(0, cut)), { code: 'MALFORMED' });
    }
  });

  it('is a value or a ProtocolError, whatever bytes are wrong in it', () => {
    const decode = (bytes: Buffer) => {
      onlyProtocolErrors(() => decodeSubscription(bytes));
      onlyProtocolErrors(() => decodeAssignment(bytes));
    };
    fc.assert(fc.property(damaged(fromHex(newest!.hex)), decode), { numRuns: 1000 });
  });
});
