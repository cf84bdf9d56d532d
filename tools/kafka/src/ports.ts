import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems hand out for outgoing connections (from 32768 on Linux, 49152 elsewhere). Otherwise, while
// a broker restarts, a client that knocks at its port may be given that very port as its own end and hold it.
const LOWEST = 20_000;
const COUNT = 12_000;

/**
 * Loopback ports that nobody listens on now, all different. Someone may take one before it is bound: whoever binds has to
 * be ready to ask again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 100 + count) throw new Error(`found no ${count} free ports from ${LOWEST} to ${LOWEST + COUNT - 1}`);
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false; // in use, or not ours to use: either way the next one will do
  } finally {
    server.close();
  }
}
