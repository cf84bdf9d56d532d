import { IllegalStateError } from '@hearken/core';
import type { EmbeddedKafka } from './embedded-kafka.js';
import { fixture, type FixtureOptions, type Hooks } from './fixture.js';

export type { FixtureOptions } from './fixture.js';

/** What mocha's interfaces call the hooks: `bdd`, then `tdd`. */
const NAMES = [
  { before: 'before', beforeEach: 'beforeEach', after: 'after' },
  { before: 'suiteSetup', beforeEach: 'setup', after: 'suiteTeardown' },
] as const;

/**
 * An embedded Kafka for the tests of the suite that is being declared, nested ones included: starts before the first of them,
 * is as new before each, stops after the last.
 *
 * ```ts
 * describe('billing', () => {
 *   const kafka = embeddedKafka({ topics: ['orders:3'] });
 *   it('…', async () => {
 *     const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers: kafka.brokers }));
 * ```
 *
 * @throws KafkaConfigError; IllegalStateError `NO_MOCHA` without mocha's global hooks
 */
export const embeddedKafka = (options: FixtureOptions = {}): EmbeddedKafka => fixture(globalHooks(), options);

function globalHooks(): Hooks {
  const globals = globalThis as Record<string, unknown>;
  for (const { before, beforeEach, after } of NAMES) {
    const hooks = { before: globals[before], beforeEach: globals[beforeEach], after: globals[after] };
    if (Object.values(hooks).every((hook) => typeof hook === 'function')) return hooks as unknown as Hooks;
  }
  throw new IllegalStateError(
    'there are no global before, beforeEach and after: run it under mocha, or import ./node-test for node --test',
    'NO_MOCHA',
  );
}
