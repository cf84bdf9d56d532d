import fc from 'fast-check';
import { runs } from '../laws/runs.js';
import { Player } from './play.js';
import { worlds, type World } from './world.js';

/** The last record of a batch is done while the first comes again alone: its lane went on when only that was committed. */
const REST_BEFORE_THE_LAST: World = {
  ordering: 'key',
  nullKey: 'unordered',
  by: 'key',
  executor: 'own',
  concurrency: 1,
  lot: 0,
  ackMode: 'record',
  ackCount: 1,
  syncCommits: true,
  commitTimeoutMs: undefined,
  maxRecords: 2,
  lingerMs: 0,
  bufferRecords: 4,
  bufferBytes: 1,
  windowRecords: 4,
  restarts: false,
  steps: [
    { do: 'give', partition: 0, key: 'b', isBad: false, endsAtOnce: false },
    { do: 'give', partition: 0, key: 'a', isBad: true, endsAtOnce: true },
    { do: 'give', partition: 0, key: 'a', isBad: true, endsAtOnce: true },
    { do: 'give', partition: 0, key: 'b', isBad: false, endsAtOnce: true },
    { do: 'stop', how: 'shutdown', isInside: false },
    { do: 'give', partition: 0, key: 'b', isBad: false, endsAtOnce: true },
    { do: 'start' },
    { do: 'name-some', pick: 1, at: 56 },
  ],
  stopsEarly: false,
  drains: false,
};

describe('MessageListenerContainer: laws of batches', () => {
  it('hold in worlds that once broke them', () => new Player(REST_BEFORE_THE_LAST).run());

  it('hold in every world: order, limits, attempts, commits, counters, nothing lost', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, (world) => new Player(world).run()),
      runs(10_000),
    );
  }).timeout(0); // a world that does not end says so itself, and a failure takes its time to be made small
});
