import assert from 'node:assert/strict';
import { KafkaError } from '@hearken/core';
import fc from 'fast-check';
import { FixedBackOff } from '../dist/index.js';
import { afterFatal, DEFAULT_RESTART_BACK_OFF } from '../dist/restart-policy.js';

const AUTH = ['AUTHENTICATION_FAILED', 'TLS_FAILED', 'TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED'];
const HOPELESS = [
  ...['ACKS_NOT_ALL', 'FENCED_INSTANCE_ID', 'INVALID_CONFIG', 'INCONSISTENT_GROUP_PROTOCOL', 'INVALID_GROUP_ID'],
  ...['INVALID_SESSION_TIMEOUT', 'INVALID_TOPIC_EXCEPTION', 'UNSUPPORTED_VERSION', 'UNSUPPORTED_COMPRESSION'],
  ...['NO_OFFSET_FOR_PARTITION', 'OFFSET_OUT_OF_RANGE', 'LOG_TRUNCATION', 'PARKING_LOOP', 'TOPIC_RECREATED'],
];
const OTHERS = ['CONNECTION_FAILED', 'LISTENER_FAILED', 'UNKNOWN_TOPIC_OR_PARTITION', 'GROUP_MAX_SIZE_REACHED'];

const anyCode = fc.constantFrom(...AUTH, ...HOPELESS, ...OTHERS);

describe('afterFatal', () => {
  it('is what a table of rules says', () => {
    const onFatal = fc.constantFrom('stop' as const, 'restart' as const);
    const asked = fc.constantFrom('stop' as const, 'restart' as const, undefined); // undefined: no function
    const interval = fc.constantFrom(undefined, 5_000);
    fc.assert(
      fc.property(
        anyCode,
        fc.constantFrom(undefined, ...AUTH, ...HOPELESS),
        onFatal,
        asked,
        interval,
        fc.nat(9),
        (code, cause, word, answer, authRetryIntervalMs, failures) => {
          const error = new KafkaError('no', {
            code,
            ...(cause === undefined ? {} : { cause: new KafkaError('why', { code: cause }) }),
          });
          const decided = afterFatal(error, failures, {
            onFatal: answer === undefined ? word : () => answer,
            restartBackOff: new FixedBackOff({ intervalMs: 70, maxRetries: 5 }),
            authRetryIntervalMs,
          });
          const isAuth = AUTH.includes(code);
          const wants = (answer ?? word) === 'restart' && !HOPELESS.includes(code) && failures <= 5;
          const stop = { action: 'stop', error };
          const restart = (delayMs: number) => ({ action: 'restart', delayMs, isAuth });
          const expected =
            isAuth && authRetryIntervalMs !== undefined ? restart(authRetryIntervalMs) : wants ? restart(70) : stop;
          assert.deepEqual(decided, expected, 'by the error’s own code, never by its cause');
        },
      ),
    );
  });

  it('asks nobody where only a stop is possible', () => {
    for (const code of HOPELESS) {
      const error = new KafkaError('no', { code });
      const onFatal = (): never => assert.fail('asked');
      const policy = { onFatal, restartBackOff: new FixedBackOff(), authRetryIntervalMs: undefined };
      assert.deepEqual(afterFatal(error, 1, policy), { action: 'stop', error });
    }
  });

  it('is a stop with both errors where the policy breaks', () => {
    const error = new Error('the first');
    const policy = { onFatal: 'restart', authRetryIntervalMs: undefined } as const;
    for (const delayMs of [-1, NaN, 2 ** 31, 'soon' as unknown as number]) {
      const decided = afterFatal(error, 1, { ...policy, restartBackOff: { delayMs: () => delayMs } });
      assert.equal(decided.action, 'stop');
      assert.equal((decided.error as AggregateError).errors[0], error);
    }
  });

  it('waits from one second to thirty, without end, by default', () => {
    const waits = [1, 2, 3, 4, 5, 6, 1_000_000].map((failures) => DEFAULT_RESTART_BACK_OFF.delayMs(failures) ?? -1);
    const full = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    waits.forEach((ms, i) => assert.ok(ms >= (full[i] ?? 0) / 2 && ms <= (full[i] ?? 0), `${ms}`));
  });
});
