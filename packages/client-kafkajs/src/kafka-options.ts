import type { ConnectionOptions } from 'node:tls';
import { defaultLogger, systemClock, type Clock, type Logger } from '@hearken/core';
import {
  callable,
  custom,
  describe,
  durationMs,
  hasMethods,
  required,
  text,
  type OptionRules,
  type OptionsCheck,
} from '@hearken/core/internal';
import type { ISocketFactory, Mechanism, SASLOptions } from 'kafkajs';
import { addressProblem } from './net/address.js';
import { saslProblem } from './net/sasl-options.js';
import { tlsProblem } from './net/tls-options.js';

/** Where to find the cluster: addresses, or a function that is asked for them whenever no known node answers. */
export type Brokers = readonly string[] | (() => readonly string[] | Promise<readonly string[]>);

/** How to reach the cluster. What kafkajs knows too has kafkajs' name and meaning, so its settings can be passed as they are. */
export interface KafkaOptions {
  /** Bootstrap addresses, `host:port` or `[ipv6]:port`; one that answers is enough. */
  readonly brokers: Brokers;
  /** Names this application in the brokers' logs, metrics and quotas. @default 'hearken' */
  readonly clientId?: string | undefined;
  /** TLS: true, or the settings of `tls.connect` (`ca`, `cert`, `key`, `servername`, `rejectUnauthorized`, …). @default off */
  readonly ssl?: ConnectionOptions | boolean | undefined;
  /** SASL: `plain`, `scram-sha-256`, `scram-sha-512`, `oauthbearer`, `aws`, or an authentication provider. @default off */
  readonly sasl?: SASLOptions | Mechanism | undefined;
  /** Makes the sockets, as kafkajs' option of that name. @default our own, over `node:net` and `node:tls` */
  readonly socketFactory?: ISocketFactory | undefined;
  /** How long one attempt to connect may take, TLS included, in milliseconds. @default 3000 (kafkajs: 1000) */
  readonly connectionTimeout?: number | undefined;
  /** How long SASL may take on a connection, in milliseconds. @default 10000 */
  readonly authenticationTimeout?: number | undefined;
  /** How long before a session's end it is renewed (KIP-368), in milliseconds. @default 10000 */
  readonly reauthenticationThreshold?: number | undefined;
  /**
   * How long an answer may take, in milliseconds. Producers and consumers have a `requestTimeoutMs` of their own; this one
   * is the admin's. @default 30000
   */
  readonly requestTimeout?: number | undefined;
  /**
   * How long to look for a broker that answers, over all addresses and attempts, before what needs one rejects. A wrong
   * address or protocol is told after this long. In milliseconds. @default 10000
   */
  readonly bootstrapTimeoutMs?: number | undefined;
  /** @default warnings and errors to stderr */
  readonly logger?: Logger | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

/** {@link KafkaOptions} after checking: defaults filled in, durations named as ours are. */
export interface ResolvedKafkaOptions {
  readonly brokers: Brokers;
  readonly clientId: string;
  readonly ssl: ConnectionOptions | undefined;
  readonly sasl: SASLOptions | Mechanism | undefined;
  readonly socketFactory: ISocketFactory | undefined;
  readonly connectionTimeoutMs: number;
  readonly authenticationTimeoutMs: number;
  readonly reauthenticationThresholdMs: number;
  readonly requestTimeoutMs: number;
  readonly bootstrapTimeoutMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

const LOGGER_METHODS = ['debug', 'info', 'warn', 'error'];
const CLOCK_METHODS = ['now', 'monotonic', 'setTimer'];

const withMethods =
  (methods: readonly string[]) =>
  (value: unknown): string | undefined =>
    hasMethods(value, methods) ? undefined : `must have the methods ${methods.join(', ')}, got ${describe(value)}`;

type MayBeAbsent = 'ssl' | 'sasl' | 'socketFactory';

/** What was written, with the defaults. */
type Written = { readonly [Name in Exclude<keyof KafkaOptions, MayBeAbsent>]-?: NonNullable<KafkaOptions[Name]> } & {
  readonly [Name in MayBeAbsent]: KafkaOptions[Name];
};

const RULES: OptionRules<Written> = {
  brokers: required(custom<Brokers | undefined>(undefined, brokersProblem)),
  clientId: text('hearken'),
  ssl: custom<ConnectionOptions | boolean | undefined>(undefined, tlsProblem),
  sasl: custom<SASLOptions | Mechanism | undefined>(undefined, saslProblem),
  socketFactory: callable<ISocketFactory>(),
  connectionTimeout: durationMs(3_000, { min: 1 }),
  authenticationTimeout: durationMs(10_000, { min: 1 }),
  reauthenticationThreshold: durationMs(10_000),
  requestTimeout: durationMs(30_000, { min: 1 }),
  bootstrapTimeoutMs: durationMs(10_000, { min: 1 }),
  logger: custom<Logger>(defaultLogger, withMethods(LOGGER_METHODS)),
  clock: custom<Clock>(systemClock, withMethods(CLOCK_METHODS)),
};

/**
 * Checks what a user wrote for the cluster; problems are gathered in `check`, which the caller makes throw.
 * @param path where it stands in what the user wrote: 'kafka'
 */
export function resolveKafkaOptions(check: OptionsCheck, given: unknown, path: string): ResolvedKafkaOptions {
  const written = check.resolve(given, RULES, path);
  return Object.freeze({
    brokers: written.brokers,
    clientId: written.clientId,
    ssl: typeof written.ssl === 'object' ? written.ssl : written.ssl === true ? {} : undefined,
    sasl: written.sasl,
    socketFactory: written.socketFactory,
    connectionTimeoutMs: written.connectionTimeout,
    authenticationTimeoutMs: written.authenticationTimeout,
    reauthenticationThresholdMs: written.reauthenticationThreshold,
    requestTimeoutMs: written.requestTimeout,
    bootstrapTimeoutMs: written.bootstrapTimeoutMs,
    logger: written.logger,
    clock: written.clock,
  });
}

function brokersProblem(value: unknown): string | undefined {
  if (typeof value === 'function') return undefined; // what it returns is checked when it is called
  if (!Array.isArray(value))
    return `must be an array of 'host:port' or a function that returns one, got ${describe(value)}`;
  if (value.length === 0) return `must name at least one broker: ['localhost:9092']`;
  for (const address of value) {
    const problem = addressProblem(address);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
