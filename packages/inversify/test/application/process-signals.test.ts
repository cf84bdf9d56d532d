import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { ManualClock, RecordingLogger } from '@hearken/testing';
import { ProcessSignals } from '../../dist/application/process-signals.js';

class FakeProcess extends EventEmitter {
  exitCode: number | string | null | undefined;
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

function setup() {
  const [host, clock, logger, told] = [new FakeProcess(), new ManualClock(), new RecordingLogger(), [] as string[]];
  const signals = new ProcessSignals({
    signals: ['SIGTERM', 'SIGINT'],
    host,
    clock,
    logger,
    exitAfterMs: 5_000,
    onStop: () => told.push('stop'),
    onAbort: () => told.push('abort'),
  });
  signals.listen();
  return { host, clock, logger, told, signals };
}

const failure = { error: new Error('broken') };

describe('ProcessSignals', () => {
  it('stops at a signal, and lets the process end by itself with 0', () => {
    const { host, clock, told, signals } = setup();
    host.emit('SIGTERM');
    assert.deepEqual(told, ['stop']);
    signals.over(undefined, false);
    assert.equal(host.exitCode, 0);
    assert.deepEqual(host.exits, []);
    assert.equal(host.listenerCount('SIGTERM'), 0);
    clock.advance(5_000);
    assert.deepEqual(host.exits, [0], 'what still runs is cut off');
  });

  it('ends with 1 after a failure, with a signal or without', () => {
    for (const isSignalled of [true, false]) {
      const { host, signals } = setup();
      if (isSignalled) host.emit('SIGTERM');
      signals.over(failure, false);
      assert.equal(host.exitCode, 1);
    }
  });

  it('aborts at a second signal, gives it two seconds, and leaves a third to the system', () => {
    const { host, clock, told } = setup();
    host.emit('SIGTERM');
    host.emit('SIGINT');
    assert.deepEqual(told, ['stop', 'abort']);
    assert.equal(host.listenerCount('SIGTERM') + host.listenerCount('SIGINT'), 0);
    clock.advance(1_999);
    assert.deepEqual(host.exits, []);
    clock.advance(1);
    assert.deepEqual(host.exits, [130]);
  });

  it('ends at once where the abort is over', () => {
    const { host, signals } = setup();
    host.emit('SIGINT');
    host.emit('SIGTERM');
    signals.over(undefined, false);
    assert.deepEqual(host.exits, [143]);
  });

  it('ends at once where a start was interrupted, before its caller is told that it failed', () => {
    const { host, signals } = setup();
    host.emit('SIGTERM');
    signals.over(undefined, true);
    assert.deepEqual(host.exits, [0]);
  });

  it('leaves the process to whoever stops the application by a call, or is told that it did not start', () => {
    for (const over of [
      (signals: ProcessSignals) => signals.over(undefined, false),
      (signals: ProcessSignals) => signals.over(failure, true),
    ]) {
      const { host, clock, signals } = setup();
      over(signals);
      assert.equal(host.exitCode, undefined);
      assert.equal(clock.pendingTimers, 0);
      assert.equal(host.listenerCount('SIGTERM'), 0);
    }
  });
});
