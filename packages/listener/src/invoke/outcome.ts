/** How an attempt ended: a value, so that nothing on the way back has to catch anything. */
export type Outcome =
  | { readonly kind: 'done' }
  | Filtered
  | { readonly kind: 'retry'; readonly error: unknown; readonly delayMs: number }
  /** Nothing is left to be tried. */
  | { readonly kind: 'recover' | 'skip' | 'stop' | 'pause'; readonly error: unknown };

/** The filter did not keep the record. */
export interface Filtered {
  readonly kind: 'filtered';
}

export const DONE: Outcome = { kind: 'done' };
export const FILTERED: Filtered = { kind: 'filtered' };
