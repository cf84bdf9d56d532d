import { defaultLogger, systemClock, type Clock, type Logger } from '@hearken/core';
import {
  boolean,
  callable,
  custom,
  describe,
  integer,
  oneOf,
  OptionsCheck,
  required,
  type OptionRules,
} from '@hearken/core/internal';
import { BrokerError } from './broker-error.js';
import { topicNameProblem } from './cluster/topic-name.js';
import { BrokerConfig } from './config/broker-config.js';
import type { NewTopic } from './host.js';

/** A topic to be made: its name, `'name:partitions'`, or all that can be said of it. */
export type TopicOption = string | NewTopic;

/** What an embedded Kafka is like; everything has a default. */
export interface EmbeddedKafkaOptions {
  /** How many brokers, from 1 to 100; their ids count from 1. @default 1 */
  readonly brokers?: number;
  /** Topics that are there from the beginning, and again after each reset. @default none */
  readonly topics?: readonly TopicOption[];
  /** Partitions of a topic for which nothing else is said, from 1 to 10 000: Kafka's `num.partitions`. @default 1 */
  readonly partitions?: number;
  /** Whether asking for a topic makes it: Kafka's `auto.create.topics.enable`. @default true */
  readonly autoCreate?: boolean;
  /** Configs of the brokers, by Kafka's names: `{ 'group.min.session.timeout.ms': 100 }`. @default Kafka's own, but for a few */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Where the brokers run: in this thread, or in a worker thread, where they go on while this one is blocked.
   * @default 'inline'
   */
  readonly mode?: 'inline' | 'worker';
  /** The port of the first broker; the others have those that follow. 0: any that are free. @default 0 */
  readonly port?: number;
  /** The brokers' time, for timers and timestamps. Only inline: a worker has the system's. @default the system's */
  readonly clock?: Clock;
  /** Told what is refused or goes wrong. Only inline: a worker writes to stderr. @default warnings and errors to stderr */
  readonly logger?: Logger;
}

export interface ResolvedEmbeddedKafkaOptions {
  readonly brokers: number;
  readonly topics: readonly NewTopic[];
  readonly partitions: number;
  readonly autoCreate: boolean;
  readonly config: Readonly<Record<string, string>>;
  readonly mode: 'inline' | 'worker';
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_BROKERS = 100;
const MAX_PARTITIONS = 10_000;
const MAX_PORT = 65_535;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const RULES: OptionRules<Required<EmbeddedKafkaOptions>> = {
  brokers: integer(1, { min: 1, max: MAX_BROKERS }),
  topics: custom<readonly TopicOption[]>([], (value) =>
    Array.isArray(value) ? undefined : `must be an array, got ${describe(value)}`,
  ),
  partitions: integer(1, { min: 1, max: MAX_PARTITIONS }),
  autoCreate: boolean(true),
  config: custom<Readonly<Record<string, string | number | boolean>>>({}, brokerConfigProblem),
  mode: oneOf(['inline', 'worker'], 'inline'),
  port: integer(0, { min: 0, max: MAX_PORT }),
  clock: { ...callable<Clock>('now', 'monotonic', 'setTimer'), default: systemClock },
  logger: { ...callable<Logger>('debug', 'info', 'warn', 'error'), default: defaultLogger },
};

/** @throws KafkaConfigError `INVALID_CONFIG`, naming everything that is wrong */
export function resolveOptions(options: EmbeddedKafkaOptions): ResolvedEmbeddedKafkaOptions {
  const check = new OptionsCheck('EmbeddedKafka');
  const resolved = check.resolve(options, RULES);
  const topics = Array.isArray(resolved.topics) ? resolveTopics(check, resolved.topics) : [];
  if (resolved.mode === 'worker') {
    if (options.clock !== undefined) check.problem('clock', 'cannot be given to a worker');
    if (options.logger !== undefined) check.problem('logger', 'cannot be given to a worker');
  }
  if (check.isFine('port', 'brokers') && resolved.port + resolved.brokers - 1 > MAX_PORT) {
    check.problem('port', `leaves no room for ${resolved.brokers} brokers below ${MAX_PORT + 1}`);
  }
  if (check.ok) checkReplication(check, resolved);
  check.throwIfAny();
  return Object.freeze({ ...resolved, topics, config: textConfig(resolved.config) });
}

/** Else no topic could be made that does not say it otherwise. */
function checkReplication(check: OptionsCheck, { brokers, config }: Required<EmbeddedKafkaOptions>): void {
  const name = 'default.replication.factor';
  const factor = Number(config[name] ?? brokers);
  if (!(factor >= 1 && factor <= brokers)) check.problem(`config.${name}`, `must be from 1 to brokers, got ${factor}`);
}

/** @throws KafkaConfigError `INVALID_CONFIG` */
export function resolveTopicOptions(options: readonly TopicOption[]): readonly NewTopic[] {
  const check = new OptionsCheck('EmbeddedKafka.addTopics');
  const topics = resolveTopics(check, options);
  check.throwIfAny();
  return topics;
}

function resolveTopics(check: OptionsCheck, options: readonly unknown[]): readonly NewTopic[] {
  return options.map((option, i) => {
    const path = `topics[${i}]`;
    const given: unknown = typeof option === 'string' ? readTopic(option) : option;
    const { topic, partitions, configs } = check.resolve<TopicRules>(given, TOPIC_RULES, path);
    return {
      topic,
      ...(partitions !== undefined && { partitions }),
      ...(configs !== undefined && { configs: textConfig(configs) }),
    };
  });
}

interface TopicRules {
  readonly topic: string;
  readonly partitions: number | undefined;
  readonly configs: Readonly<Record<string, string | number | boolean>> | undefined;
}

const TOPIC_RULES: OptionRules<TopicRules> = {
  topic: required(
    custom<string | undefined>(undefined, (value) => {
      if (typeof value !== 'string') return `must be a name, got ${describe(value)}`;
      const problem = topicNameProblem(value);
      return problem === undefined ? undefined : `is no name for a topic: ${problem}`;
    }),
  ),
  partitions: integer(undefined, { min: 1, max: MAX_PARTITIONS }),
  configs: custom<TopicRules['configs']>(undefined, configProblem),
};

/** `'orders:12'` is twelve partitions; names have no colon. */
function readTopic(text: string): { readonly topic: string; readonly partitions?: number } {
  const colon = text.lastIndexOf(':');
  return colon === -1 ? { topic: text } : { topic: text.slice(0, colon), partitions: numberAfter(text, colon) };
}

const numberAfter = (text: string, colon: number): number => {
  const digits = text.slice(colon + 1);
  return /^\d+$/.test(digits) ? Number(digits) : NaN;
};

function configProblem(value: unknown): string | undefined {
  if (!isObject(value)) return `must be an object of names and values, got ${describe(value)}`;
  const wrong = Object.entries(value).find(([, one]) => !['string', 'number', 'boolean'].includes(typeof one));
  return wrong && `must have texts, numbers or booleans as values, got ${describe(wrong[1])} for '${wrong[0]}'`;
}

/** Also a name or a value that the broker would refuse. */
function brokerConfigProblem(value: unknown): string | undefined {
  const problem = configProblem(value);
  if (problem !== undefined) return problem;
  try {
    new BrokerConfig(textConfig(value as Parameters<typeof textConfig>[0]));
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return `is refused: ${error.message}`;
    throw error;
  }
}

const textConfig = (config: Readonly<Record<string, string | number | boolean>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, String(value)]));
