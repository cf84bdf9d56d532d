import fc from 'fast-check';
import { runs } from '../laws/runs.js';
import { Player } from './play.js';
import { worlds } from './world.js';

describe('MessageListenerContainer: laws of batches', () => {
  it('hold in every world: order, limits, attempts, commits, counters, nothing lost', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, (world) => new Player(world).run()),
      runs(10_000),
    );
  }).timeout(0); // a world that does not end says so itself, and a failure takes its time to be made small
});
