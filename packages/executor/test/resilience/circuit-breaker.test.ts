import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CallWindow } from '../../dist/circuit-breaker/call-window.js';
import {
  CircuitBreaker,
  type CallEnd,
  type CircuitBreakerChange,
  type CircuitBreakerRules,
  type CircuitBreakerState,
} from '../../dist/circuit-breaker/circuit-breaker.js';

const end: fc.Arbitrary<CallEnd> = fc.record({ failed: fc.boolean(), slow: fc.boolean() });

type Given = CircuitBreakerRules & { readonly slidingWindowSize: number };

const rules: fc.Arbitrary<Given> = fc
  .record({
    failureRateThreshold: fc.integer({ min: 1, max: 100 }),
    slowCallRateThreshold: fc.integer({ min: 1, max: 100 }),
    slidingWindowSize: fc.integer({ min: 1, max: 8 }),
    minimumNumberOfCalls: fc.integer({ min: 1, max: 8 }),
    permittedNumberOfCallsInHalfOpenState: fc.integer({ min: 1, max: 3 }),
  })
  .map((given) => ({
    ...given,
    newWindow: () => new CallWindow(given.slidingWindowSize),
    minimumNumberOfCalls: Math.min(given.minimumNumberOfCalls, given.slidingWindowSize),
  }));

type Step =
  | { readonly do: 'begin' }
  | { readonly do: 'end'; readonly which: number; readonly end: CallEnd | undefined }
  | { readonly do: 'pass' | 'reset' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ do: 'begin' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(20),
      end: fc.option(end, { nil: undefined, freq: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'pass' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reset' as const }) },
);

/** A circuit breaker as one would write it down: all calls of the state, in a list. */
class Model {
  state: CircuitBreakerState = 'closed';
  calls: CallEnd[] = [];
  begun = 0;
  /** Counts states. */
  age = 0;
  readonly rules: Given;

  constructor(given: Given) {
    this.rules = given;
  }

  get mayBegin(): boolean {
    if (this.state === 'half-open') return this.begun < this.rules.permittedNumberOfCallsInHalfOpenState;
    return this.state === 'closed';
  }

  get counted(): CallEnd[] {
    return this.state === 'closed' ? this.calls.slice(-this.rules.slidingWindowSize) : this.calls;
  }

  rate(what: keyof CallEnd): number {
    const { counted } = this;
    return counted.length === 0 ? 0 : (counted.filter((call) => call[what]).length * 100) / counted.length;
  }

  ended(age: number, call: CallEnd | undefined): void {
    if (age !== this.age) return;
    if (call === undefined) this.begun--;
    else {
      this.calls.push(call);
      this.judge();
    }
  }

  judge(): void {
    const { minimumNumberOfCalls, permittedNumberOfCallsInHalfOpenState } = this.rules;
    const enough = this.state === 'closed' ? minimumNumberOfCalls : permittedNumberOfCallsInHalfOpenState;
    if (this.counted.length < enough) return;
    const tooMany =
      this.rate('failed') >= this.rules.failureRateThreshold || this.rate('slow') >= this.rules.slowCallRateThreshold;
    if (tooMany) this.enter('open');
    else if (this.state === 'half-open') this.enter('closed');
  }

  enter(state: CircuitBreakerState): void {
    Object.assign(this, { state, calls: [], begun: 0, age: this.age + 1 });
  }
}

describe('CircuitBreaker', () => {
  it('is what one would write down as a list of calls, for any calls in any order', () => {
    fc.assert(
      fc.property(rules, fc.array(step, { maxLength: 80 }), (given, steps) => {
        const changes: CircuitBreakerChange[] = [];
        const breaker = new CircuitBreaker(given, (change) => changes.push(change));
        const model = new Model(given);
        const running: { readonly epoch: number; readonly age: number }[] = [];
        const states: CircuitBreakerState[] = ['closed'];
        for (const one of steps) {
          if (one.do === 'begin' && model.mayBegin) {
            running.push({ epoch: breaker.begin(), age: model.age });
            model.begun++;
          } else if (one.do === 'end' && running.length > 0) {
            const [call] = running.splice(one.which % running.length, 1);
            breaker.ended(call!.epoch, one.end);
            model.ended(call!.age, one.end);
          } else if (one.do === 'pass' && model.state === 'open') {
            breaker.halfOpen();
            model.enter('half-open');
          } else if (one.do === 'reset') {
            breaker.reset();
            model.enter('closed');
          }
          assert.equal(breaker.state, model.state);
          assert.equal(breaker.permits > 0, model.mayBegin);
          assert.deepEqual(breaker.rates, {
            failureRate: model.rate('failed'),
            slowCallRate: model.rate('slow'),
            numberOfCalls: model.counted.length,
          });
          if (states.at(-1) !== model.state) states.push(model.state);
        }
        assert.deepEqual(['closed', ...changes.map(({ next }) => next)], states);
        assert.deepEqual(
          changes.map(({ previous }) => previous),
          states.slice(0, -1),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('tells the rates that led to a change', () => {
    const changes: CircuitBreakerChange[] = [];
    const half = {
      failureRateThreshold: 50,
      slowCallRateThreshold: 100,
      newWindow: () => new CallWindow(4),
      minimumNumberOfCalls: 4,
    };
    const breaker = new CircuitBreaker({ ...half, permittedNumberOfCallsInHalfOpenState: 1 }, (change) =>
      changes.push(change),
    );
    for (const failed of [false, true, false, true]) breaker.ended(breaker.begin(), { failed, slow: failed });
    breaker.halfOpen();
    breaker.ended(breaker.begin(), { failed: false, slow: false });
    assert.deepEqual(changes, [
      { previous: 'closed', next: 'open', failureRate: 50, slowCallRate: 50, numberOfCalls: 4 },
      { previous: 'open', next: 'half-open', failureRate: 0, slowCallRate: 0, numberOfCalls: 0 },
      { previous: 'half-open', next: 'closed', failureRate: 0, slowCallRate: 0, numberOfCalls: 1 },
    ]);
  });
});

describe('CallWindow', () => {
  it('has the rates of the last calls, for any calls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(end, { maxLength: 60 }), (capacity, calls) => {
        const window = new CallWindow(capacity);
        for (const [i, call] of calls.entries()) {
          window.add(call);
          const last = calls.slice(Math.max(0, i + 1 - capacity), i + 1);
          assert.equal(window.size, last.length);
          assert.equal(window.failureRate, (last.filter(({ failed }) => failed).length * 100) / last.length);
          assert.equal(window.slowCallRate, (last.filter(({ slow }) => slow).length * 100) / last.length);
        }
      }),
    );
  });
});
