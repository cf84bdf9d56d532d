import assert from 'node:assert/strict';
import { KafkaConfigError, type ConfigProblem } from '@hearken/core';
import {
  boolean,
  callable,
  custom,
  describe as describeValue,
  durationMs,
  integer,
  oneOf,
  OptionsCheck,
  positive,
  required,
  text,
  type OptionRules,
} from '@hearken/core/internal';

interface Options {
  readonly concurrency: number;
  readonly topic: string;
  readonly mode: 'fast' | 'safe';
  readonly waitMs: number | undefined;
  readonly enabled: boolean;
  readonly listener: (() => void) | undefined;
}

const RULES: OptionRules<Options> = {
  concurrency: integer(1, { min: 1, max: 100 }),
  topic: required(text(undefined)),
  mode: oneOf(['fast', 'safe'], 'safe'),
  waitMs: durationMs(undefined),
  enabled: boolean(false),
  listener: callable<() => void>(),
};

function resolve(
  given: unknown,
  path?: string,
): { readonly resolved: Options; readonly problems: readonly ConfigProblem[] } {
  const check = new OptionsCheck('Thing');
  const resolved = check.resolve(given, RULES, path);
  try {
    check.throwIfAny();
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    assert.equal(check.ok, false);
    return { resolved, problems: error.problems };
  }
  assert.equal(check.ok, true);
  return { resolved, problems: [] };
}

const problemOf = (given: Record<string, unknown>): string | undefined =>
  resolve({ topic: 'orders', ...given }).problems.map(({ path, message }) => `${path} ${message}`)[0];

describe('OptionsCheck', () => {
  it('fills in defaults, freezes the result and leaves what was given alone', () => {
    const given = Object.freeze({ topic: 'orders', concurrency: 3, waitMs: undefined });
    const { resolved, problems } = resolve(given);
    assert.deepEqual(problems, []);
    assert.deepEqual(resolved, {
      concurrency: 3,
      topic: 'orders',
      mode: 'safe',
      waitMs: undefined,
      enabled: false,
      listener: undefined,
    });
    assert.ok(Object.isFrozen(resolved));
  });

  it('takes undefined for absent', () => {
    assert.equal(resolve({ topic: 'orders', concurrency: undefined }).resolved.concurrency, 1);
    assert.deepEqual(resolve({ topic: undefined }).problems, [{ path: 'topic', message: 'is required' }]);
    assert.deepEqual(resolve(undefined).problems, [{ path: 'topic', message: 'is required' }]);
  });

  it('takes no name that is longer than a request can hold', () => {
    assert.equal(problemOf({ topic: 'é'.repeat(16_383) }), undefined);
    assert.equal(problemOf({ topic: 'é'.repeat(16_384) }), 'topic must be at most 32767 bytes, got 32768');
  });

  it('reports everything at once, with paths', () => {
    const { problems } = resolve({ concurrency: 0, mode: 'quick', enabled: 1, speed: 9 }, 'containers.billing');
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['speed', 'concurrency', 'topic', 'mode', 'enabled'].map((name) => `containers.billing.${name}`),
    );
  });

  it('knows which options are fine: pairs of those can be judged', () => {
    const check = new OptionsCheck('Thing');
    check.resolve({ topic: 'orders', concurrency: 0, mood: 'good' }, RULES, 'first');
    assert.equal(check.isFine('first.topic', 'first.mode'), true);
    assert.equal(check.isFine('first.topic', 'first.concurrency'), false);
  });

  it('gathers over several option objects and what their owner finds himself', () => {
    const check = new OptionsCheck('Thing');
    check.resolve({ topic: '' }, RULES, 'first');
    check.resolve({}, RULES, 'second');
    check.problem('second.mode', 'cannot go with that');
    assert.throws(
      () => check.throwIfAny(),
      (error: KafkaConfigError) => {
        const lines = [
          'Thing cannot be used:',
          "  first.topic: must be a non-empty string, got ''",
          '  second.topic: is required',
          '  second.mode: cannot go with that',
        ];
        assert.equal(error.message, lines.join('\n'));
        assert.equal(error.code, 'INVALID_CONFIG');
        return true;
      },
    );
  });

  it('names the option that was meant', () => {
    assert.match(problemOf({ concurency: 1 }) ?? '', /^concurency is not an option; did you mean 'concurrency'\?$/);
    assert.match(problemOf({ Enabled: true }) ?? '', /did you mean 'enabled'\?/);
    const nothingNear = 'zzzzzz is not an option; known are concurrency, topic, mode, waitMs, enabled, listener';
    assert.equal(problemOf({ zzzzzz: 1 }), nothingNear);
  });

  it('does not take what every object has for an option', () => {
    assert.match(problemOf({ toString: 1 }) ?? '', /^toString is not an option/);
    assert.match(problemOf(JSON.parse('{"__proto__": 1}') as Record<string, unknown>) ?? 'none', /none|__proto__/);
  });

  it('refuses what is no object', () => {
    for (const given of [null, 5, 'text', [], true]) {
      const [problem] = resolve(given).problems;
      assert.equal(problem?.path, 'options');
      assert.match(problem.message, /^must be an object, got /);
    }
    assert.equal(resolve([], 'kafka').problems[0]?.path, 'kafka');
  });

  it('checks numbers', () => {
    for (const concurrency of [0, 101, 1.5, NaN, Infinity, '5', null, 5n]) {
      assert.match(problemOf({ concurrency }) ?? '', /^concurrency must be a whole number from 1 to 100, got /);
    }
    for (const concurrency of [1, 100]) assert.equal(problemOf({ concurrency }), undefined);
    assert.match(problemOf({ waitMs: 2 ** 31 }) ?? '', /from 0 to 2147483647/);
    assert.equal(problemOf({ waitMs: 0 }), undefined);
    const share = positive(0.5, { max: 1 });
    for (const value of [0, -0.1, 1.01, NaN, '1']) assert.match(share.check(value) ?? '', /above 0 and up to 1, got /);
    for (const value of [Number.MIN_VALUE, 1]) assert.equal(share.check(value), undefined);
  });

  it('checks choices, and names the one that was meant', () => {
    assert.equal(problemOf({ mode: 'saef' }), "mode must be 'fast' or 'safe', got 'saef'; did you mean 'safe'?");
    assert.equal(problemOf({ mode: 5 }), "mode must be 'fast' or 'safe', got 5");
  });

  it('names only the one that was meant where there are many', () => {
    const rule = oneOf(
      Array.from({ length: 11 }, (_, i) => `choice-${i}`),
      undefined,
    );
    assert.equal(rule.check('choyce-7'), "is none, got 'choyce-7'; did you mean 'choice-7'?");
    assert.match(rule.check('nothing like it') ?? '', /^must be 'choice-0' or .* or 'choice-10', got /);
  });

  it('checks booleans, functions and objects with methods', () => {
    assert.equal(problemOf({ enabled: 'yes' }), "enabled must be true or false, got 'yes'");
    assert.equal(problemOf({ listener: {} }), 'listener must be a function, got an object');
    const rule = callable<{ onMessage(): void }>('onMessage', 'close');
    assert.match(rule.check({ onMessage: () => 1 }) ?? '', /must have the methods onMessage, close, got an object$/);
    assert.match(rule.check(() => 1) ?? '', /got a function; is it to be called/);
    assert.equal(rule.check({ onMessage: () => 1, close: () => 1 }), undefined);
    assert.equal(custom(1, (value) => (value === 2 ? undefined : 'must be 2')).check(3), 'must be 2');
  });

  it('shows values short: no error message gives a secret away whole', () => {
    assert.equal(describeValue('x'.repeat(50)), `'${'x'.repeat(40)}…'`);
    assert.equal(describeValue({ password: 'secret' }), 'an object');
    assert.equal(describeValue(Object.create(null)), 'an object');
    assert.equal(describeValue(new Date()), 'a Date');
    assert.equal(describeValue(new OptionsCheck('Thing')), 'an OptionsCheck');
    assert.equal(describeValue(OptionsCheck), 'the class OptionsCheck');
    assert.equal(describeValue(['secret']), 'an array of 1');
    assert.equal(
      describeValue(() => 'secret'),
      'a function',
    );
    for (const value of [null, undefined, 5, true]) assert.equal(describeValue(value), String(value));
    assert.equal(describeValue(5n), '5');
    assert.equal(describeValue(Symbol('s')), 'Symbol(s)');
  });
});
