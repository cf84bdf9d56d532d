import assert from 'node:assert/strict';
import { workerThreadListener, type WorkerThreadListener } from '@hearken/executor';
import { Recorder } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff, type ErrorMatcher } from '../../dist/index.js';
import { addsUp, setup, until, type Bundle } from '../setup.js';

describe('MessageListenerContainer with a listener in worker threads', function () {
  this.timeout(60_000); // threads start, on a busy machine too
  let threads: WorkerThreadListener;
  afterEach(() => threads.close());

  /** Every record that is given up is kept, with why. */
  async function run(notRetryable: readonly ErrorMatcher[] = []) {
    threads = workerThreadListener(new URL('./deciding-listener.js', import.meta.url), {
      ...{ threads: 2, terminateAfterMs: 600_000 },
    });
    const ended = new Recorder<string>();
    const recovered = new Recorder<{ readonly value: string; readonly error: Error; readonly attempts: number }>();
    const bundle = setup({
      ordering: 'key',
      listener: (record, context) =>
        threads.onMessage(record, context).finally(() => ended.record(`${String(record.value)} ${context.attempt}`)),
      errorHandler: new DefaultErrorHandler({
        notRetryable,
        backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }),
        recoverer: (record, error, { attempt }) =>
          recovered.record({ value: String(record.value), error: error as Error, attempts: attempt }),
      }),
    });
    await bundle.container.start();
    return { ...bundle, recovered, ended };
  }

  const give = ({ give: append }: Bundle, ...values: readonly string[]): void =>
    append(0, ...values.map((value) => ({ key: value, value })));

  it('loses the record of a crashed thread to the error handler, and no other', async () => {
    const bundle = await run();
    const retried = bundle.events('record:retried');
    give(bundle, 'a', 'exit', 'b', 'c');
    await bundle.ended.received(4);
    await retried.received(1);
    await until(() => bundle.container.metrics().processed === 3);
    bundle.clock.advance(10);
    const { error, attempts } = (await bundle.recovered.received(1))[0]!;
    assert.equal((error as { code?: unknown }).code, 'WORKER_CRASHED');
    assert.equal(attempts, 2);
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 4);
    assert.ok(addsUp(bundle));
  });

  it('does what its errors say', async () => {
    const bundle = await run(['CARD_DECLINED']);
    const [retried, skipped] = [bundle.events('record:retried'), bundle.events('record:skipped')];
    give(bundle, 'skip', 'dead-letter', 'non-retriable', 'declined', 'mistake', 'retry-after');
    await retried.received(1);
    assert.equal(retried.last?.delayMs, 70);
    await bundle.recovered.received(4);
    bundle.clock.advance(70);
    await bundle.ended.first((end) => end === 'retry-after 2');
    await until(() => bundle.container.metrics().processed === 1);
    await bundle.container.stop();
    assert.deepEqual(
      skipped.items.map(({ record }) => String(record.value)),
      ['skip'],
    );
    const givenUp = new Map(bundle.recovered.items.map((one) => [one.value, one]));
    assert.deepEqual([...givenUp.keys()].sort(), ['dead-letter', 'declined', 'mistake', 'non-retriable']);
    for (const { attempts } of givenUp.values()) assert.equal(attempts, 1);
    assert.deepEqual([...givenUp.values()].map(({ error }) => error.name).sort(), [
      'CardDeclined',
      'CardDeclined',
      'NonRetriable',
      'TypeError',
    ]);
    assert.ok(addsUp(bundle));
  });

  it('can name errors by what is in them: a function sees what the thread threw', async () => {
    const bundle = await run([(error) => (error as Error).name === 'CardDeclined']);
    give(bundle, 'declined');
    assert.equal((await bundle.recovered.received(1))[0]?.attempts, 1);
    await bundle.container.stop();
  });

  it('stops in time: the signal reaches the thread', async () => {
    const bundle = await run();
    give(bundle, 'wait');
    await until(() => threads.metrics().running === 1);
    const stopping = bundle.container.stop({ timeoutMs: 1 });
    await until(() => bundle.clock.nextDueInMs === 1);
    bundle.clock.advance(1);
    assert.equal((await stopping).abandoned, 1);
    assert.equal(bundle.committed(0), 0);
    assert.equal(threads.metrics().terminated, 0);
  });
});
