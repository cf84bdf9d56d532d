// The only module that touches what kafkajs does not export. kafkajs is frozen at 2.2.4 and so are these shapes; any other
// version is refused before anything is used.
import { createRequire } from 'node:module';
import { KafkaError, type Logger } from '@hearken/core';
import { Writer } from '@hearken/protocol';
import type { Logger as KafkajsLogger, Mechanism, SASLOptions } from 'kafkajs';

const SUPPORTED_VERSION = '2.2.4';

/** A request and how its answer is read, as kafkajs' protocol modules make them. */
export interface KafkajsRequest<Response = unknown> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<{ readonly buffer: Buffer }>;
  };
  readonly response: {
    decode(body: Buffer): Promise<unknown>;
    parse(decoded: unknown): Promise<Response>;
  };
}

/** The versions a broker speaks, by API key. */
export type KafkajsVersions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;

/** One of kafkajs' APIs in all its versions. */
interface KafkajsApi {
  readonly versions: readonly string[];
  protocol(options: { readonly version: number }): (args?: unknown) => KafkajsRequest;
}

/** What kafkajs' authenticator needs of a connection. It writes the provider it chose into `sasl`. */
interface AuthenticatedConnection {
  readonly host: string;
  readonly port: number;
  readonly sasl: SASLOptions | Mechanism;
  send(request: KafkajsRequest): Promise<unknown>;
}

interface SaslAuthenticator {
  /** Milliseconds the session lasts, as text; '0' is without end. Known after `authenticate`. */
  readonly sessionLifetime: string;
  authenticate(): Promise<void>;
}

interface KafkajsInternals {
  readonly SaslAuthenticator: new (
    connection: AuthenticatedConnection,
    logger: KafkajsLogger,
    versions: KafkajsVersions,
    supportsSaslAuthenticate: boolean,
  ) => SaslAuthenticator;
  readonly apis: Readonly<Record<string, KafkajsApi>>;
  readonly apiKeys: Readonly<Record<string, number>>;
}

let loaded: KafkajsInternals | undefined;

/** @throws KafkaError `UNSUPPORTED_KAFKAJS` if another version of kafkajs is installed */
export function kafkajsInternals(): KafkajsInternals {
  return (loaded ??= loadKafkajs(createRequire(import.meta.url)));
}

/** @param require finds kafkajs' modules */
export function loadKafkajs(require: (path: string) => unknown): KafkajsInternals {
  const { version } = require('kafkajs/package.json') as { version: string };
  if (version !== SUPPORTED_VERSION) {
    throw new KafkaError(
      `@hearken/client-kafkajs builds on internals of kafkajs ${SUPPORTED_VERSION} and found ${version}: install kafkajs@${SUPPORTED_VERSION}`,
      { code: 'UNSUPPORTED_KAFKAJS' },
    );
  }
  const { requests } = require('kafkajs/src/protocol/requests/index.js') as { requests: KafkajsInternals['apis'] };
  return {
    SaslAuthenticator:
      require('kafkajs/src/broker/saslAuthenticator/index.js') as KafkajsInternals['SaslAuthenticator'],
    apis: requests,
    apiKeys: require('kafkajs/src/protocol/requests/apiKeys.js') as KafkajsInternals['apiKeys'],
  };
}

/** One of kafkajs' APIs by its name there ('CreateTopics'): its key, and its requests in versions up to the newest. */
export function kafkajsApi(name: string): {
  readonly apiKey: number;
  readonly newest: number;
  make(version: number, args: unknown): KafkajsRequest;
} {
  const { apis, apiKeys } = kafkajsInternals();
  const api = apis[name];
  const apiKey = apiKeys[name];
  if (api === undefined || apiKey === undefined) throw new TypeError(`kafkajs has no API named ${name}`);
  return {
    apiKey,
    newest: Math.max(...api.versions.map(Number)),
    make: (version, args) => api.protocol({ version })(args),
  };
}

/** One of kafkajs' requests ready for the socket: size, request header version 1, the body it encoded. */
export function frameKafkajsRequest(
  { request }: KafkajsRequest,
  body: Buffer,
  correlationId: number,
  clientId: string,
): Buffer[] {
  const to = new Writer();
  to.int32(0);
  to.int16(request.apiKey);
  to.int16(request.apiVersion);
  to.int32(correlationId);
  to.nullableString(clientId);
  const header = Buffer.concat(to.finish());
  header.writeInt32BE(header.length - 4 + body.length, 0);
  return [header, body];
}

/** Our logger in the shape kafkajs logs to. What it logs names its part of kafkajs. */
export function kafkajsLogger(logger: Logger, namespace = 'kafkajs'): KafkajsLogger {
  const at =
    (level: keyof Logger) =>
    (message: string, details: object = {}): void =>
      logger[level]({ ...details, namespace }, message);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    namespace: (name) => kafkajsLogger(logger, name),
    setLogLevel: () => undefined, // which levels are heard is the logger's own business
  };
}
