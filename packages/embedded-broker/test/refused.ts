import { BrokerError } from '../dist/broker-error.js';

/** For `assert.throws`: the broker refuses with this error and, if told, in these words. */
export const refused =
  (errorName: string, message?: string) =>
  (error: unknown): boolean =>
    error instanceof BrokerError &&
    error.errorName === errorName &&
    (message === undefined || error.message === message);
