/** How an attempt ended: a value, so that nothing on the way back has to catch anything. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly error: unknown; readonly delayMs: number }
  /** Nothing is left to be tried. */
  | { readonly kind: 'recover' | 'skip' | 'stop' | 'pause'; readonly error: unknown };

export const DONE: Outcome = { kind: 'done' };
