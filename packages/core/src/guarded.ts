/**
 * An observer that cannot harm whoever tells it, nor those that are told after it: what it throws or rejects with is reported.
 */
export function guarded<Payload>(
  observer: (payload: Payload) => unknown,
  report: (error: unknown) => void,
): (payload: Payload) => void {
  return (payload) => {
    try {
      const result = observer(payload);
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  };
}
