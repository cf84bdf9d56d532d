import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('embedded-broker-process.js', import.meta.url));

/**
 * Calls `use` with an embedded broker in a process of its own, as nobody's CPU time and memory should count for another's.
 *
 * @param retentionBytes what a partition keeps
 */
export async function withEmbeddedBroker<T>(
  retentionBytes: number,
  use: (brokers: string[]) => Promise<T>,
): Promise<T> {
  const broker = fork(PROGRAM, [String(retentionBytes)], { execArgv: [] });
  const ended = once(broker, 'exit');
  try {
    const [{ brokers }] = (await Promise.race([
      once(broker, 'message'),
      ended.then(() => Promise.reject(new Error('the embedded broker did not start'))),
    ])) as [{ readonly brokers: string[] }];
    return await use(brokers);
  } finally {
    if (broker.connected) broker.disconnect();
    await ended;
  }
}
