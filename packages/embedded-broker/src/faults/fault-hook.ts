import type { Handler, RequestContext } from '../handlers/handler.js';

/** A request that was read and not yet handled. */
export interface Arrival {
  readonly handler: Handler;
  readonly request: unknown;
  readonly context: RequestContext;
  /** Of its frame. */
  readonly sizeBytes: number;
}

/** What the connection does next. In every case but `'closed'` and `'truncated'` it goes on with the next request. */
export type Outcome =
  /** Writes the answer; then does not read for `muteMs`, as a broker does that throttles (KIP-219). */
  | { readonly kind: 'answered'; readonly response: unknown; readonly muteMs?: number }
  /** Writes nothing: none is due (Produce with `acks` 0), or it was lost. */
  | { readonly kind: 'unanswered' }
  /** Writes so many bytes of the answer's frame, its size field included, and closes. */
  | { readonly kind: 'truncated'; readonly response: unknown; readonly afterBytes: number }
  /** Closes without a word. */
  | { readonly kind: 'closed' };

/** What stands between a connection and its handlers: sees each request once, in the order of the connection. */
export interface FaultHook {
  /**
   * Has the request handled, or not, as the rules say. A connection waits for the outcome before it serves its next
   * request; one whose client leaves aborts `context.signal` and does not write. Rejects as `handle` does.
   */
  serve(arrival: Arrival, handle: () => unknown): Promise<Outcome>;
}
