import { errorCodes } from '@hearken/protocol';
import { errorCodeOf } from '../groups/error-code-of.js';

/**
 * As `errorCodeOf`, for APIs whose older versions have no PRODUCER_FENCED: there a zombie is told INVALID_PRODUCER_EPOCH.
 * @param knownSince the first version that has it
 */
export function fencingErrorCodeOf(version: number, knownSince: number, action: () => void): number {
  const code = errorCodeOf(action);
  return code === errorCodes.PRODUCER_FENCED && version < knownSince ? errorCodes.INVALID_PRODUCER_EPOCH : code;
}
