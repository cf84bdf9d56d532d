import { IllegalStateError } from '@hearken/core';
import { OptionsCheck, oneOf } from '@hearken/core/internal';
import { EmbeddedKafka } from './embedded-kafka.js';
import { resolveOptions, type EmbeddedKafkaOptions } from './options.js';

/** An embedded Kafka for the tests of a suite. */
export interface FixtureOptions extends EmbeddedKafkaOptions {
  /**
   * What happens before each test, so that it finds nothing of the one before: `'reset'` puts the broker back to how it was
   * after its start, on the same ports; `'fresh'` starts another; `'keep'` does nothing, for clients that live through
   * several tests.
   * @default 'reset'
   */
  readonly beforeEach?: 'reset' | 'fresh' | 'keep';
}

/** The hooks of a test runner: each registers in the suite that is being declared. */
export interface Hooks {
  readonly before: Hook;
  readonly beforeEach: Hook;
  readonly after: Hook;
}

type Hook = (body: () => Promise<void>) => unknown;

/**
 * Lets hooks start and stop a Kafka, and returns it ahead of its start: everything asked of it is asked of the one that runs
 * then. Hooks of a suite around run first and nested suites use the same one, as the runner orders hooks.
 * @throws KafkaConfigError
 */
export function fixture(hooks: Hooks, { beforeEach, ...options }: FixtureOptions): EmbeddedKafka {
  const check = new OptionsCheck('embeddedKafka');
  const rule = oneOf(['reset', 'fresh', 'keep'], 'reset');
  const { beforeEach: between } = check.resolve({ beforeEach }, { beforeEach: rule });
  check.throwIfAny();
  resolveOptions(options); // so that what is wrong is said where it was written
  let running: EmbeddedKafka | undefined;
  const start = async (): Promise<void> => void (running = await EmbeddedKafka.start(options));
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  hooks.before(start);
  if (between === 'reset') hooks.beforeEach(async () => running?.reset());
  if (between === 'fresh') hooks.beforeEach(() => stop().then(start));
  hooks.after(stop);
  return aheadOfStart(() => running);
}

function aheadOfStart(find: () => EmbeddedKafka | undefined): EmbeddedKafka {
  return new Proxy(Object.create(EmbeddedKafka.prototype) as EmbeddedKafka, {
    get(_, name) {
      const kafka = find();
      if (kafka === undefined) throw notRunning(String(name));
      const member: unknown = Reflect.get(kafka, name, kafka);
      return typeof member === 'function' ? (member.bind(kafka) as unknown) : member;
    },
  });
}

const notRunning = (name: string): IllegalStateError =>
  new IllegalStateError(
    `the embedded Kafka runs only while tests and hooks do: \`${name}\` was asked for before or after`,
    'NOT_RUNNING',
  );
