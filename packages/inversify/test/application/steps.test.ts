import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { ManualClock } from '@hearken/testing';
import { runSteps, type StepReport } from '../../dist/application/steps.js';

describe('runSteps', () => {
  it('does each after the one before, and reports it', async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const step = (name: string, tookMs: number) => ({
      name,
      timeoutMs: 100,
      run: () => {
        told.push(name);
        clock.advance(tookMs);
        return Promise.resolve();
      },
    });
    const reports = await runSteps([step('one', 3), step('two', 5)], {
      clock,
      onReport: ({ step: name }) => told.push(`${name} ended`),
    });
    assert.deepEqual(told, ['one', 'one ended', 'two', 'two ended']);
    assert.deepEqual(reports, [
      { step: 'one', timeoutMs: 100, tookMs: 3, outcome: 'done' },
      { step: 'two', timeoutMs: 100, tookMs: 5, outcome: 'done' },
    ]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('goes on after a failure and after one that hangs, whose signal aborts', async () => {
    const clock = new ManualClock();
    const error = new Error('broken');
    let hung: AbortSignal | undefined;
    const running = runSteps(
      [
        {
          name: 'throws',
          timeoutMs: 10,
          run: () => {
            throw error;
          },
        },
        {
          name: 'hangs',
          timeoutMs: 10,
          run: (signal) => {
            hung = signal;
            return deferred().promise;
          },
        },
        { name: 'works', timeoutMs: 10, run: () => Promise.resolve() },
      ],
      { clock },
    );
    await clock.timersPending(1);
    while (hung === undefined) await Promise.resolve();
    clock.advance(10);
    const reports = await running;
    assert.deepEqual(
      reports.map(({ outcome }) => outcome),
      ['failed', 'timed-out', 'done'],
    );
    assert.equal(reports[0]?.error, error);
    assert.equal(hung.aborted, true);
  });

  it('ends with the first failure where that is asked for', async () => {
    const reports: StepReport[] = [];
    await runSteps(
      [
        { name: 'fails', timeoutMs: 10, run: () => Promise.reject(new Error('no')) },
        { name: 'never', timeoutMs: 10, run: () => assert.fail('it ran') },
      ],
      { clock: new ManualClock(), untilFailure: true, onReport: (report) => reports.push(report) },
    );
    assert.deepEqual(
      reports.map(({ step }) => step),
      ['fails'],
    );
  });
});
