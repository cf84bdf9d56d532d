import { parseArgs } from 'node:util';
import { KafkaConfigError } from '@hearken/core';
import { nearest } from '@hearken/core/internal';
import { resolveOptions, type EmbeddedKafkaOptions } from '../options.js';

/** What a command line asks for; pure, but for reading it. */
export type Command =
  | { readonly kind: 'start'; readonly options: EmbeddedKafkaOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

export const HELP = `Usage: hearken-broker [options]

Runs Kafka brokers in memory, on 127.0.0.1, until it gets SIGINT (Ctrl+C) or SIGTERM.
Topics are made when they are asked for. Nothing is kept when it ends.

Options:
  --port <number>           port of the first broker, others follow; 0 for any [9092]
  --topics <names>          topics to begin with: orders:12,invoices (12 partitions, and the default)
  --brokers <number>        how many brokers [1]
  --partitions <number>     partitions of a topic for which nothing else is said [1]
  --config <name=value>     a broker config by Kafka's name, such as message.max.bytes=2000000; may be repeated
  -h, --help                this text
  -v, --version             the version
`;

const DEFAULT_PORT = 9_092;

const OPTIONS = {
  port: { type: 'string' },
  topics: { type: 'string', multiple: true },
  brokers: { type: 'string' },
  partitions: { type: 'string' },
  config: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

type OptionName = keyof typeof OPTIONS;

/** @param args what stands behind the program's name */
export function readCommandLine(args: readonly string[]): Command {
  // Not strict: parseArgs would stop at the first problem and suggest nothing.
  const { values, tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  const problems = tokens.flatMap((token) => problemOf(token) ?? []);
  const stray = tokens.find(({ kind }) => kind === 'positional');
  // Behind an option that is wrong, what looks stray is its value.
  if (problems.length === 0 && stray !== undefined) problems.push(`'${args[stray.index]}' is not expected here`);
  if (problems.length > 0) return { kind: 'wrong', problems };
  return checked({
    port: numberOf(values.port) ?? DEFAULT_PORT,
    topics: textsOf(values.topics).flatMap((list) => list.split(',').map((topic) => topic.trim())),
    ...definedOnly({ brokers: numberOf(values.brokers), partitions: numberOf(values.partitions) }),
    config: Object.fromEntries(textsOf(values.config).map(nameAndValue)),
  });
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

function problemOf(token: Token): string | undefined {
  if (token.kind !== 'option') return undefined;
  const { name, rawName, value } = token;
  if (!Object.hasOwn(OPTIONS, name)) {
    const near = nearest(name, Object.keys(OPTIONS));
    return `${rawName} is no option${near === undefined ? '' : `; did you mean --${near}?`}`;
  }
  const { type } = OPTIONS[name as OptionName];
  if (type === 'boolean') return value === undefined ? undefined : `${rawName} takes no value`;
  // "--topics --brokers 3": the next option is no value. One that begins with a dash is given as --topics=-x.
  if (value === undefined || (!token.inlineValue && value.startsWith('-'))) return `${rawName} needs a value`;
  return name === 'config' && !/^[^=]+=/.test(value) ? `${rawName} ${value} is not of the form name=value` : undefined;
}

/** What a broker would refuse is refused here, with the same words. */
function checked(options: EmbeddedKafkaOptions): Command {
  try {
    resolveOptions(options);
    return { kind: 'start', options };
  } catch (error) {
    if (!(error instanceof KafkaConfigError)) throw error;
    return { kind: 'wrong', problems: error.problems.map(({ path, message }) => `--${path} ${message}`) };
  }
}

/** What is no number goes on as it is, so that the message can show it. */
const numberOf = (text: unknown): number | undefined =>
  typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : (text as number | undefined);

const textsOf = (texts: unknown): readonly string[] => (texts ?? []) as readonly string[];

const nameAndValue = (text: string): readonly [string, string] => {
  const equals = text.indexOf('=');
  return [text.slice(0, equals), text.slice(equals + 1)];
};

const definedOnly = <T extends object>(options: T): Partial<{ [Name in keyof T]: Exclude<T[Name], undefined> }> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
