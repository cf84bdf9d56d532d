import { unawaited } from './at-once.js';

/**
 * An observer that cannot harm whoever tells it, nor those that are told after it: what it throws or rejects with is reported.
 */
export function guarded<Payload>(
  observer: (payload: Payload) => unknown,
  report: (error: unknown) => void,
): (payload: Payload) => void {
  return (payload) => {
    try {
      unawaited(observer(payload), report);
    } catch (error) {
      report(error);
    }
  };
}
