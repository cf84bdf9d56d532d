import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import { FlushTracker, type SendGroup } from '../../dist/producer/flush-tracker.js';

describe('FlushTracker', () => {
  it('resolves at once when nothing is unsettled', async () => {
    const tracker = new FlushTracker();
    await tracker.flush();
    assert.equal(tracker.isFlushing, false);
  });

  it('does not wait for records that came after', async () => {
    const tracker = new FlushTracker();
    const before = tracker.enter();
    const flushed = tracker.flush();
    tracker.enter();
    assert.equal(tracker.isFlushing, true);
    tracker.leave(before);
    await flushed;
    assert.equal(tracker.isFlushing, false);
  });

  it('each flush resolves exactly when the last record before it has left', async () => {
    const step = fc.oneof(
      fc.constant({ do: 'enter' } as const),
      fc.constant({ do: 'flush' } as const),
      fc.record({ do: fc.constant('leave' as const), which: fc.nat(1000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const tracker = new FlushTracker();
        const open = new Map<number, SendGroup>();
        const flushes: { readonly upTo: number; resolved: boolean }[] = [];
        let entered = 0;
        for (const one of steps) {
          if (one.do === 'enter') open.set(entered++, tracker.enter());
          if (one.do === 'flush') {
            const flush = { upTo: entered, resolved: false };
            flushes.push(flush);
            void tracker.flush().then(() => (flush.resolved = true));
          }
          if (one.do === 'leave' && open.size > 0) {
            const [id, group] = [...open][one.which % open.size]!;
            open.delete(id);
            tracker.leave(group);
          }
          await Promise.resolve();
          await Promise.resolve();
          const oldest = Math.min(Infinity, ...open.keys());
          for (const { upTo, resolved } of flushes) assert.equal(resolved, oldest >= upTo);
        }
        await eventLoopTurn();
      }),
      { numRuns: 200 },
    );
  });
});
