import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import fc from 'fast-check';
import { Run } from '../../dist/dispatch/run.js';
import { RunList, type WaitingRun } from '../../dist/dispatch/run-list.js';

describe('RunList', () => {
  it('holds what a plain list would, in the order it came, and keeps nothing of what left', () => {
    const steps = fc.array(fc.record({ adds: fc.boolean(), pick: fc.nat() }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (moves) => {
        const list = new RunList();
        const model: WaitingRun[] = [];
        for (const { adds, pick } of moves) {
          if (adds) {
            const run = new Run({} as never, undefined);
            list.add(run);
            model.push(run);
          } else if (model.length > 0) {
            const [run] = model.splice(pick % model.length, 1);
            list.delete(run!);
            assert.deepEqual([run!.before, run!.after], [undefined, undefined]);
          }
          assert.deepEqual(
            [...list].map((run) => model.indexOf(run)),
            [...model.keys()],
          );
        }
      }),
    );
  });

  it('has a run in it for as long as that waits for a listener, and no longer', async () => {
    const waiting = new RunList();
    const [listener, served] = [deferred(), deferred()];
    const results = [listener.promise, served.promise];
    const host = {
      waiting,
      turns: { mayBeReady: false, next: () => undefined, mayStart: () => true },
      lanes: { take: () => ({ ownership: { mayStart: true }, begin: () => undefined }) },
      invoker: { call: () => results.shift(), returned: () => undefined },
      settler: { settle: () => undefined },
      slice: { turn: 1, startedAt: 7, isSpent: true, enter: () => 1, started: () => undefined, ended: () => undefined },
    } as never;
    const lane = {} as never;
    const { signal } = new AbortController();
    const run = new Run(host, lane);
    const over = run.start(signal);
    assert.deepEqual([...waiting], [run]);
    assert.equal(run.waitsFor?.since, 7);
    listener.resolve();
    await over;
    assert.deepEqual([...waiting], []);

    const rested = deferred();
    const pulled = new Run(host, undefined, { another: () => undefined, over: () => rested.resolve() });
    pulled.serve(lane, signal);
    assert.deepEqual([...waiting], [pulled]);
    served.resolve();
    await rested.promise;
    assert.deepEqual([...waiting], []);
  });
});
