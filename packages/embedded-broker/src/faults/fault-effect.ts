import type { RequestContext } from '../handlers/handler.js';

/** A request that a {@link Responder} is asked about. */
export interface RespondCall extends RequestContext {
  /** Has the broker handle the request, or the one given in its place; what it would answer, undefined for nothing. */
  readonly handle: (request?: unknown) => Promise<unknown>;
}

/**
 * Answers in the broker's place. Request and answer are decoded messages as `@hearken/protocol` declares them; undefined is
 * no answer. What it throws is logged and closes the connection.
 */
export type Responder<Request = never> = (request: Request, call: RespondCall) => unknown;

/**
 * What a rule does to a request, as plain data but for `respond`. A connection serves one request at a time, so what holds a
 * request holds back everything behind it on that connection, and nothing on others.
 */
export type FaultEffect =
  /** Not handled; everything in its answer that can carry an error carries this one. */
  | { readonly kind: 'error'; readonly errorCode: number }
  /** Handled this much later, also if the client has left by then, as by a broker that is slow. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Not handled and never answered, as if it had been lost on the way; what is behind it is served. */
  | { readonly kind: 'drop-request' }
  /** Handled, but its answer is lost; what is behind it is served. */
  | { readonly kind: 'drop-response' }
  /** Neither handled nor answered, nor is anything behind it; lost when the connection closes. */
  | { readonly kind: 'hang' }
  /** The connection closes; not handled. */
  | { readonly kind: 'close' }
  /** Handled; the first bytes of the answer's frame are written, the four of its size included, and the connection closes. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Handled, and answered at once with this throttle time; what is behind it waits for so long (KIP-219). */
  | { readonly kind: 'throttle'; readonly throttleMs: number }
  | { readonly kind: 'respond'; readonly responder: Responder };

export type FaultKind = FaultEffect['kind'];
