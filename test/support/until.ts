import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
/** No claim: a busy machine takes its time. Below the time-out of tests. */
const LIMIT_MS = 120_000;

/**
 * Waits until the condition holds, and resolves with what it returned: anything but undefined and false. For what only the
 * broker knows and tells no one, such as how many members a group has; where there is an event or a promise, wait for that.
 * Rejects after two minutes, so that a test that timed out leaves no poller behind.
 * @param what the condition in words, for the error: "the group has two members"
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
): Promise<Exclude<Awaited<T>, undefined | false>> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value as Exclude<Awaited<T>, undefined | false>;
    if (performance.now() > deadline) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await delay(POLL_MS);
  }
}
