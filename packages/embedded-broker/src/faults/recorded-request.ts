import type { EmbeddedKafkaError } from '../errors.js';
import type { ApiName, RequestBody } from './apis.js';
import type { FaultKind } from './fault-effect.js';
import type { RequestFacts } from './request-facts.js';

/** A decoded message in which bytes (records, subscriptions, assignments) are replaced by how many they are. */
export type Recorded<T> = T extends Uint8Array
  ? number
  : T extends readonly (infer Element)[]
    ? readonly Recorded<Element>[]
    : T extends object
      ? { readonly [Field in keyof T]: Recorded<T[Field]> }
      : T;

/**
 * What became of a request.
 * - `pending`: being handled, or held by a rule.
 * - `answered`: its answer went to the connection.
 * - `unanswered`: there was none, or a rule dropped it.
 * - `closed`: the connection closed without an answer, or with a part of one.
 */
export type RequestState = 'pending' | 'answered' | 'unanswered' | 'closed';

/** A request that the broker got. */
export interface RecordedRequest<Name extends ApiName = ApiName> extends RequestFacts {
  /** Counts all requests since the broker was started, from 1. */
  readonly seq: number;
  readonly api: Name;
  readonly version: number;
  /** By the broker's clock, in milliseconds since 1970. */
  readonly receivedAt: number;
  /** Of its frame. */
  readonly sizeBytes: number;
  readonly body: Recorded<RequestBody<Name>>;
  /** What a rule does to it; null if none took it. */
  readonly fault: FaultKind | null;
  readonly state: RequestState;
}

/** What the broker tells its recorder. */
export type BrokerEvent =
  | { readonly kind: 'arrived'; readonly request: RecordedRequest; readonly ruleId: number | undefined }
  | { readonly kind: 'settled'; readonly seq: number; readonly state: RequestState }
  /** It failed; nothing comes any more. */
  | { readonly kind: 'ended'; readonly error: EmbeddedKafkaError };

/** A copy that pins no frame. */
export function recorded<T>(message: T): Recorded<T> {
  return copy(message) as Recorded<T>;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return value.map(copy);
  const result: Record<string, unknown> = {};
  for (const name in value) result[name] = copy((value as Record<string, unknown>)[name]);
  return result;
}
