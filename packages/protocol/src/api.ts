import { ProtocolError } from './errors.js';
import type { Reader } from './reader.js';
import type { Wire } from './wire.js';
import type { Writer } from './writer.js';

/**
 * One of Kafka's request types: its number, the versions we speak and how its messages stand on the wire. Fields have
 * the names of Kafka's own message definitions; where a version lacks a field it is not written, and is read as Kafka's
 * default.
 */
export interface Api<Request, Response> {
  readonly key: number;
  /** As in Kafka's `ApiKeys`: `'Metadata'`. */
  readonly name: string;
  /** What we speak, in both directions. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /** The first flexible version (KIP-482). */
  readonly flexibleFrom: number;
  writeRequest(to: Writer, request: Request, version: number): void;
  readRequest(from: Reader, version: number): Request;
  writeResponse(to: Writer, response: Response, version: number): void;
  readResponse(from: Reader, version: number): Response;
}

export type RequestOf<A> = A extends Api<infer Request, unknown> ? Request : never;
export type ResponseOf<A> = A extends Api<unknown, infer Response> ? Response : never;

interface ApiDefinition<Request, Response> {
  readonly key: number;
  readonly name: string;
  readonly versions: readonly [min: number, max: number];
  readonly flexibleFrom: number;
  readonly request: Wire<Request>;
  readonly response: Wire<Response>;
}

export function api<Request, Response>(definition: ApiDefinition<Request, Response>): Api<Request, Response> {
  const { key, name, versions, flexibleFrom, request, response } = definition;
  const [minVersion, maxVersion] = versions;
  const ready = <T extends Reader | Writer>(stream: T, version: number): T => {
    if (!(version >= minVersion && version <= maxVersion)) {
      const message = `${name} is spoken in versions ${minVersion} to ${maxVersion}, not ${version}`;
      throw new ProtocolError('UNSUPPORTED_VERSION', message);
    }
    stream.flexible = version >= flexibleFrom;
    return stream;
  };
  return {
    key,
    name,
    minVersion,
    maxVersion,
    flexibleFrom,
    writeRequest: (to, value, version) => request.write(ready(to, version), value, version),
    readRequest: (from, version) => request.read(ready(from, version), version),
    writeResponse: (to, value, version) => response.write(ready(to, version), value, version),
    readResponse: (from, version) => response.read(ready(from, version), version),
  };
}

/** A range of versions as a broker offers it in its ApiVersions answer. */
export interface VersionRange {
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** The highest version that both sides speak; undefined if there is none, or the broker does not know the API. */
export function negotiate(ours: VersionRange, theirs: VersionRange | undefined): number | undefined {
  if (theirs === undefined) return undefined;
  const version = Math.min(ours.maxVersion, theirs.maxVersion);
  return version >= Math.max(ours.minVersion, theirs.minVersion) ? version : undefined;
}
