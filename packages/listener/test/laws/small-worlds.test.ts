import { Player } from './play.js';
import type { Step, World } from './world.js';

const KEYS = ['a', 'b', 'c', 'a', 'b'];
const SLOTS = 3;

const TURN: Step = { do: 'turn' };
const given = KEYS.map((key): Step => ({ do: 'give', partition: 0, key, size: 1, gap: 0, manner: 'when-told' }));

/** Every way in which so many listeners may end. Of the last records fewer and fewer run at once. */
function* endings(count: number): Generator<Step[]> {
  if (count === 0) yield [];
  else {
    const running = Math.min(SLOTS, KEYS.length - count + 1);
    for (const before of endings(count - 1)) {
      for (let pick = 0; pick < running; pick++) yield [...before, { do: 'end', pick }, TURN];
    }
  }
}

/** The partition goes after any of them, in order or not, with a listener that ends meanwhile or not, and comes back. */
function* worlds(): Generator<World> {
  for (let count = 0; count <= KEYS.length; count++) {
    for (const ended of endings(count)) {
      for (const how of ['revoke', 'lose'] as const) {
        for (const late of [[], [{ do: 'end', pick: 0 }]] satisfies Step[][]) {
          const moved: Step[] = [{ do: how, partition: 0 }, ...late, { do: 'assign', partition: 0 }, TURN];
          for (const offsetMap of [false, true]) yield worldOf([...given, TURN, ...ended, ...moved], offsetMap);
        }
      }
    }
  }
}

const worldOf = (steps: readonly Step[], offsetMap: boolean): World => ({
  ...{ ordering: 'key', executor: 'own', concurrency: SLOTS, ackMode: 'batch', ackCount: 1, syncCommits: false },
  ...{
    commitBefore: false,
    lot: 0,
    nullKey: 'unordered',
    selects: false,
    offsetMap,
    bufferRecords: 20,
    bufferBytes: 1_000,
    windowRecords: 1_000,
    pollLag: 0,
    restarts: false,
    stopsEarly: false,
    drains: false,
  },
  steps,
});

describe('MessageListenerContainer: laws, exhaustively', () => {
  it('hold for five records of three keys in two ownerships, in whatever order they end', async () => {
    for (const world of worlds()) await new Player(world).run();
  }).timeout(0);
});
