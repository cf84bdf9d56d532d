import { setTimeout as delay } from 'node:timers/promises';
import { TcpProxy } from '@hearken/testing';
import type { SeededRandom } from '../support/seeded-random.js';

/** How long a fault may wait for a frame that it can strike. */
const PATIENCE_MS = 3_000;
const APIS = [
  'Produce',
  'Fetch',
  'OffsetCommit',
  'OffsetFetch',
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'Metadata',
] as const;

/** A static member that joins twice fences itself, and no network does that to it. */
const REPEATABLE = ['Produce', 'Fetch', 'OffsetCommit', 'OffsetFetch', 'Heartbeat', 'Metadata'] as const;

/**
 * A network that now and then loses, delays, doubles or cuts off a request or a response. What is delayed comes before its
 * sender has given it up: a request that came after that would be another one's, sent again.
 */
export async function badNetwork(random: SeededRandom): Promise<TcpProxy> {
  const proxy = await TcpProxy.start();
  void (async () => {
    for (;;) {
      await delay(random.between(100, 2_000), undefined, { ref: false });
      await strikeOne(proxy, random);
    }
  })();
  return proxy;
}

async function strikeOne(proxy: TcpProxy, random: SeededRandom): Promise<void> {
  const api = random.pick(APIS);
  const direction = random.pick(['request', 'response']);
  const match = { api, direction, nth: 1 } as const;
  const kind = random.pick(['swallow', 'delay', 'delay', 'duplicate', 'cut']);
  using fault =
    kind === 'delay'
      ? proxy.delay(match, random.between(50, 1_000))
      : kind === 'duplicate'
        ? proxy.duplicate({ api: random.pick(REPEATABLE), direction: 'request', nth: 1 })
        : proxy[kind](match);
  await Promise.race([fault.struck, delay(PATIENCE_MS, undefined, { ref: false })]);
}
