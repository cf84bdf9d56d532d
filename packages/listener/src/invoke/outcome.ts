/** How an attempt ended: a value, so that nothing on the way back has to catch anything. */
export type Outcome = { readonly kind: 'done' } | Filtered | Follow | Failed;

/** What follows is decided when it is settled: an executor that sees every record may have another word for it. */
export interface Failed {
  readonly kind: 'failed';
  readonly error: unknown;
}

/** What follows an attempt that failed. */
export type AfterFailure =
  | { readonly kind: 'retry'; readonly error: unknown; readonly delayMs: number }
  /** Nothing is left to be tried. */
  | { readonly kind: 'recover' | 'skip' | 'park'; readonly error: unknown }
  | { readonly kind: 'stop' | 'pause'; readonly error: unknown; readonly givenUp?: true };

/** The filter did not keep the record. */
export interface Filtered {
  readonly kind: 'filtered';
}

/** Its key is parked: it does not come to the listener, and follows what is parked. */
export interface Follow {
  readonly kind: 'follow';
}

export const DONE: Outcome = { kind: 'done' };
export const FILTERED: Filtered = { kind: 'filtered' };
export const FOLLOW: Follow = { kind: 'follow' };
