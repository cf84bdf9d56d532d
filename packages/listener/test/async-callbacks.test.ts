import assert from 'node:assert/strict';
import { aRecord, eventLoopTurn } from '@hearken/testing';
import { afterFailure } from '../dist/failure/after-failure.js';
import {
  DeadLetterPublishingRecoverer,
  deduplicate,
  DefaultErrorHandler,
  FixedBackOff,
  type DefaultErrorHandlerOptions,
  type ErrorHandler,
} from '../dist/index.js';
import { ParkedErrorHandler } from '../dist/parking/parked-error-handler.js';
import { afterFatal } from '../dist/restart-policy.js';
import { keyed, setup, started, tp, until } from './setup.js';

/** An async function where a plain one is due. What it rejects with would end the process, and fails the test that runs. */
const late = (() => Promise.reject(new Error('late'))) as () => never;

const record = aRecord({ value: 'v' });
const error = new Error('busy');
const backOff = new FixedBackOff({ intervalMs: 10, maxRetries: 1 });
const mistakeOf = (after: { readonly error?: unknown }): unknown => (after.error as AggregateError).errors[1];
const refused = async (mistake: unknown, name: RegExp): Promise<void> => {
  assert.ok(mistake instanceof TypeError && name.test(mistake.message), String(mistake));
  await eventLoopTurn();
};

describe('MessageListenerContainer: callbacks that are async functions', () => {
  for (const isParked of [false, true]) {
    it(`logs what onRetry rejects with${isParked ? ', of a parked record too' : ''}`, async () => {
      const own = new DefaultErrorHandler({ backOff, onRetry: late });
      const errorHandler = isParked
        ? new ParkedErrorHandler({ backOff, errorHandler: own, recoverer: undefined })
        : own;
      const { container, listener, give, clock, events, logger } = await started({ errorHandler });
      const retried = events('record:retried');
      give(0, ...keyed('a'));
      (await listener.call('0/0')).fail(error);
      await retried.received(1);
      await until(() => logger.at('error').length === 1);
      clock.advance(10);
      (await listener.call('0/0', 2)).end();
      await container.stop();
      assert.equal(logger.at('error').length, 1);
    });
  }

  it('commits an offset without metadata that rejects', async () => {
    const { container, listener, give, logger, committed } = await started({ commitMetadata: late });
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await container.stop();
    assert.equal(committed(0), 1);
    assert.match(
      String((logger.at('error')[0]?.details as { error?: unknown }).error),
      /commitMetadata returned a promise/,
    );
  });

  it('stops for one that says what follows a fatal error', async () => {
    const { container, listener, give } = setup(
      { onFatal: late, errorHandler: { decide: () => ({ action: 'stop' }) } },
      { partitions: [tp(0)] },
    );
    await container.start();
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(error);
    await assert.rejects(container.finished, AggregateError);
    const policy = { onFatal: late, restartBackOff: backOff, authRetryIntervalMs: undefined };
    await refused(mistakeOf(afterFatal(error, 1, policy) as { error: unknown }), /onFatal/);
  });

  it('stops for one that decides about a failure', async () => {
    const decided = (handler: ErrorHandler): unknown => mistakeOf(afterFailure({ record, error, attempt: 1 }, handler));
    const byDefault = (options: DefaultErrorHandlerOptions): unknown => decided(new DefaultErrorHandler(options));
    await refused(decided({ decide: late }), /^decide/);
    await refused(decided({ decide: () => ({ action: 'retry', delayMs: late() }) }), /^delayMs/);
    await refused(byDefault({ backOffFor: late }), /^backOffFor/);
    await refused(byDefault({ backOff: { delayMs: late } }), /^delayMs/);
    await refused(byDefault({ retryable: [late] }), /matches errors/);
    await refused(byDefault({ notRetryable: [late] }), /matches errors/);
  });

  it('fails the record whose filter, id or dead letter one is asked for', async () => {
    const template = { execute: () => Promise.reject(error), partitionsFor: () => Promise.resolve([]) };
    const context = { attempt: 1, groupId: 'g', logger: setup().logger };
    for (const name of ['destination', 'headers'])
      await assert.rejects(
        new DeadLetterPublishingRecoverer(template, { [name]: late }).recover(record, error, context),
        (mistake: TypeError) => mistake instanceof TypeError && mistake.message.startsWith(name),
      );
    await assert.rejects(
      deduplicate({ id: late })(record, {} as never, () => undefined),
      /^TypeError: id returned a promise/,
    );
    const bundle = await started({ filter: late });
    bundle.give(0, ...keyed('a'));
    await assert.rejects(bundle.container.finished, { code: 'LISTENER_FAILED' });
  });
});
