import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems hand out for outgoing connections (from 32768 on Linux, 49152 elsewhere). Otherwise, while
// a broker restarts, a client that knocks at its port may be given that very port as its own end and hold it.
const LOWEST = 20_000;
const COUNT = 12_000;

// The ports of a broker that is down for a moment are free, and still its own. So a process hands none out twice, and
// processes that run side by side may be told which part to take: HEARKEN_PORTS=2/4 is the second of four.
const [part = 1, parts = 1] = (process.env.HEARKEN_PORTS ?? '').split('/').filter(Boolean).map(Number);
const SIZE = Math.floor(COUNT / parts);
const FIRST = LOWEST + (part - 1) * SIZE;
const given = new Set<number>();

/**
 * Loopback ports that nobody listens on now, all different. Someone may take one before it is bound: whoever binds has to
 * be ready to ask again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 100 + count) throw new Error(`found no ${count} free ports from ${FIRST} to ${FIRST + SIZE - 1}`);
    const port = FIRST + Math.floor(Math.random() * SIZE);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
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
