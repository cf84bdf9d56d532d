import { BrokerError } from '../broker-error.js';

/** 0, or the code of what the broker refused. Anything else that is thrown is a bug, and stays one. */
export function errorCodeOf(action: () => void): number {
  try {
    action();
    return 0;
  } catch (error) {
    if (error instanceof BrokerError) return error.errorCode;
    throw error;
  }
}
