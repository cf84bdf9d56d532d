import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import { InFlight, type Exchange } from '../../dist/net/in-flight.js';

function setup() {
  const clock = new ManualClock();
  const late: string[] = [];
  return { clock, late, inFlight: new InFlight(clock, ({ name }) => late.push(name)) };
}

const exchange = (name: string, timeoutMs: number, expectsAnswer = true): Exchange => ({
  name,
  timeoutMs,
  expectsAnswer,
  encode: () => [],
  resolve: () => undefined,
  reject: () => undefined,
});

describe('InFlight', () => {
  it('has no timer while nothing is in flight', () => {
    const { clock, inFlight } = setup();
    assert.equal(clock.pendingTimers, 0);
    inFlight.add(exchange('a', 100), 0);
    inFlight.add(exchange('b', 100), 1);
    assert.equal(clock.pendingTimers, 1);
    inFlight.take(0);
    inFlight.take(1);
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells the request that is late, at its own time-out', () => {
    const { clock, inFlight, late } = setup();
    inFlight.add(exchange('join', 305_000), 0);
    inFlight.add(exchange('heartbeat', 30_000), 1);
    clock.advance(29_999);
    assert.deepEqual(late, []);
    clock.advance(1);
    assert.deepEqual(late, ['heartbeat']);
  });

  it('goes on to the next deadline when the earliest was answered', () => {
    const { clock, inFlight, late } = setup();
    inFlight.add(exchange('quick', 100), 0);
    inFlight.add(exchange('slow', 1_000), 1);
    inFlight.take(0);
    clock.advance(999);
    assert.deepEqual(late, []);
    clock.advance(1);
    assert.deepEqual(late, ['slow']);
  });

  it('gives an answer to the oldest request only, and only with its own id', () => {
    const { inFlight } = setup();
    inFlight.add(exchange('first', 100), 7);
    inFlight.add(exchange('second', 100), 8);
    assert.equal(inFlight.take(8), undefined);
    assert.equal(inFlight.take(7)?.name, 'first');
    assert.equal(inFlight.take(8)?.name, 'second');
    assert.equal(inFlight.take(8), undefined);
  });

  it('passes over a request that expects no answer, which times out all the same', () => {
    const { clock, inFlight, late } = setup();
    inFlight.add(exchange('acks 0', 50, false), 0);
    inFlight.add(exchange('fetch', 100), 1);
    assert.equal(inFlight.take(1)?.name, 'fetch');
    clock.advance(50);
    assert.deepEqual(late, ['acks 0']);
  });

  it('forgets a request that was taken out', () => {
    const { clock, inFlight } = setup();
    const remove = inFlight.add(exchange('acks 0', 50, false), 0);
    remove();
    assert.equal(inFlight.size, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('gives everything in flight more time', () => {
    const { clock, inFlight, late } = setup();
    inFlight.add(exchange('fetch', 100), 0);
    inFlight.extend(1_000);
    inFlight.add(exchange('later', 2_000), 1);
    clock.advance(1_099);
    assert.deepEqual(late, []);
    clock.advance(1);
    assert.deepEqual(late, ['fetch']);
  });

  it('tells when nothing is in flight any more', async () => {
    const { inFlight } = setup();
    assert.equal(inFlight.whenEmpty(), undefined);
    inFlight.add(exchange('fetch', 100), 0);
    const answered = inFlight.whenEmpty();
    inFlight.take(0);
    await answered;
    inFlight.add(exchange('fetch', 100), 1);
    const closed = inFlight.whenEmpty();
    inFlight.takeAll();
    await closed;
  });

  it('does not count the time in which the event loop was held up', () => {
    // The timer is due at 1 000 but runs at 61 000: a listener computed for a minute, and the answer lies unread.
    const { late, clock } = setup();
    let elapsed = 0;
    const timers: { callback: () => void; at: number }[] = [];
    const stuck = new InFlight(
      {
        now: () => clock.now(),
        monotonic: () => elapsed,
        setTimer: (callback, delayMs) => {
          timers.push({ callback, at: elapsed + delayMs });
          return { clear: () => undefined };
        },
      },
      ({ name }) => late.push(name),
    );
    stuck.add(exchange('fetch', 1_000), 0);
    elapsed = 61_000;
    timers.shift()?.callback();
    assert.deepEqual(late, []);
    assert.equal(timers.length, 1);
    assert.ok((timers[0]?.at ?? 0) > elapsed);
    assert.equal(stuck.take(0)?.name, 'fetch');
  });
});
