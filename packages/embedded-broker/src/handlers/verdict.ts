import { BrokerError } from '../broker-error.js';

/** What an administrative answer says of one thing that was asked. */
export interface Verdict {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export const ACCEPTED: Verdict = { errorCode: 0, errorMessage: null };

/** What `action` returns, or what `refused` makes of the broker's refusal. Anything else that is thrown is a bug, and stays one. */
export function orRefusal<T>(action: () => T, refused: (verdict: Verdict) => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const { errorCode, errorName, message } = error;
    return refused({ errorCode, errorMessage: message === errorName ? null : message });
  }
}

/** How `action` went. */
export const verdictOf = (action: () => void): Verdict =>
  orRefusal(
    () => {
      action();
      return ACCEPTED;
    },
    (verdict) => verdict,
  );
