import fc from 'fast-check';
import { Player } from './play.js';
import { runs } from './runs.js';
import { worlds, type World } from './world.js';

/** A consumer is broken while a revoke waits for a commit: what it could not give up in time was committed all the same. */
const BROKEN_WHILE_REVOKED: World = {
  ordering: 'partition',
  nullKey: 'unordered',
  selects: false,
  executor: 'own',
  concurrency: 1,
  lot: 0,
  ackMode: 'batch',
  ackCount: 1,
  syncCommits: false,
  commitBefore: false,
  offsetMap: false,
  bufferRecords: 0,
  bufferBytes: 1_000,
  windowRecords: 2,
  pollLag: 0,
  restarts: true,
  steps: [
    { do: 'refuse', partition: undefined },
    { do: 'hold-commits' },
    { do: 'give', partition: 2, key: 'a', size: 1, gap: 0, manner: 'when-told' },
    { do: 'bounce', how: 'revoke', partition: 0 },
    { do: 'end', pick: 0 },
    { do: 'pass', ms: 200 },
    { do: 'bounce', how: 'revoke', partition: 2 },
    { do: 'turn' },
    { do: 'give', partition: 2, key: 'a', size: 1, gap: 0, manner: 'when-told' },
    { do: 'seek', partition: 1, permille: 0 },
    { do: 'fatal', pick: 0 },
  ],
  stopsEarly: false,
  drains: false,
};

/** A retry has its turn, is paused while the executor keeps it waiting, and its partition goes: what it held was counted for ever. */
const PAUSED_IN_ITS_TURN: World = {
  ...BROKEN_WHILE_REVOKED,
  selects: true,
  executor: 'overbooked-caller-runs',
  bufferBytes: 1,
  restarts: false,
  steps: [
    { do: 'give', partition: 2, key: 'a', size: 1, gap: 0, manner: 'throws-first' },
    { do: 'slots', slots: 0 },
    { do: 'pass', ms: 200 },
    { do: 'pause', partition: 2 },
    { do: 'revoke', partition: 2 },
    { do: 'pass', ms: 1 },
    { do: 'slots', slots: 1 },
    { do: 'revoke', partition: 0 },
    { do: 'turn' },
  ],
};

describe('MessageListenerContainer: laws', () => {
  it('hold in worlds that once broke them', async () => {
    for (const world of [BROKEN_WHILE_REVOKED, PAUSED_IN_ITS_TURN]) await new Player(world).run();
  });

  it('hold in every world: order, limits, commits, counters, nothing idle, nothing lost', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, (world) => new Player(world).run()),
      runs(10_000),
    );
  }).timeout(0); // a world that does not end says so itself, and a failure takes its time to be made small
});
