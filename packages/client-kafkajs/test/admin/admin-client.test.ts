import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import { retrying, throwIfAny, type AdminClient } from '../../dist/admin/admin-client.js';
import type { Cluster } from '../../dist/cluster/cluster.js';
import { brokerError, KafkaConnectionError } from '../../dist/errors.js';
import { kafkaOptions } from '../support/options.js';
import { rejection } from '../support/rejects.js';

function setup({ nodes = [{ nodeId: 1, host: 'a', port: 1 }] } = {}) {
  const clock = new ManualClock();
  const pauses: number[] = [];
  const cluster: Pick<Cluster, 'nodes' | 'pause'> = {
    nodes,
    pause: (delayMs) => {
      pauses.push(delayMs);
      clock.advance(delayMs);
      return Promise.resolve();
    },
  };
  const admin: AdminClient = { cluster: cluster as Cluster, kafka: kafkaOptions({ requestTimeout: 2_000 }, clock) };
  return { admin, pauses, clock };
}

describe('an admin call', () => {
  it('is repeated, with growing pauses, while what is wrong goes away by itself', async () => {
    const { admin, pauses } = setup();
    const result = await retrying(admin, (n) => (n < 4 ? Promise.reject(brokerError(41, 'it')) : Promise.resolve(n)));
    assert.equal(result, 4);
    assert.equal(pauses.length, 3);
    assert.ok((pauses[2] ?? 0) > (pauses[0] ?? 0));
  });

  it('is given up after requestTimeout with the last error', async () => {
    const { admin, clock } = setup();
    await rejection(
      retrying(admin, () => Promise.reject(brokerError(41, 'it'))),
      'NOT_CONTROLLER',
    );
    assert.ok(clock.monotonic() >= 2_000 && clock.monotonic() <= 3_200);
  });

  it('is not repeated if no broker was ever found', async () => {
    const { admin, pauses } = setup({ nodes: [] });
    const failure = new KafkaConnectionError('nobody there', { code: 'CONNECTION_FAILED' });
    await rejection(
      retrying(admin, () => Promise.reject(failure)),
      'CONNECTION_FAILED',
    );
    assert.deepEqual(pauses, []);
  });

  for (const [errorCode, code] of [
    [3, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [29, 'TOPIC_AUTHORIZATION_FAILED'],
  ] as const) {
    it(`is not repeated for ${code}`, async () => {
      const { admin, pauses } = setup();
      await rejection(
        retrying(admin, () => Promise.reject(brokerError(errorCode, 'it'))),
        code,
      );
      assert.deepEqual(pauses, []);
    });
  }
});

describe('verdicts of a broker', () => {
  it('are no error when all are well', () => {
    throwIfAny([{ about: 'topic a', errorCode: 0 }]);
    throwIfAny([]);
  });

  it("are one error with the broker's own words", () => {
    const verdicts = [
      { about: 'topic a', errorCode: 0 },
      { about: 'topic b', errorCode: 38, message: 'only 1 broker' },
    ];
    assert.throws(() => throwIfAny(verdicts), {
      code: 'INVALID_REPLICATION_FACTOR',
      errorCode: 38,
      message: 'the broker answered INVALID_REPLICATION_FACTOR for topic b: only 1 broker',
    });
  });

  it('are named all, under the code of the first', () => {
    const verdicts = [
      { about: 'topic a', errorCode: 17 },
      { about: 'topic b', errorCode: 7 },
    ];
    assert.throws(() => throwIfAny(verdicts), {
      code: 'INVALID_TOPIC_EXCEPTION',
      retriable: false,
      message: /topic a.*topic b/,
    });
  });
});
