import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BufferMemory } from '../../dist/producer/buffer-memory.js';
import { Fifo } from '../../dist/producer/fifo.js';

const LIMIT = 100;

describe('BufferMemory', () => {
  it('never exceeds its limit, lets nobody overtake, and leaves nobody waiting who would fit first', () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('take' as const), sizeBytes: fc.integer({ min: 1, max: LIMIT }) }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(1000) }) },
      { weight: 1, arbitrary: fc.constant({ do: 'give up' } as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const holding: { sizeBytes: number; id: number }[] = [];
        const admitted: number[] = [];
        const enter = (request: { sizeBytes: number; id: number }): void => {
          holding.push(request);
          admitted.push(request.id);
        };
        const memory = new BufferMemory<{ sizeBytes: number; id: number }>(LIMIT, enter);
        let ids = 0;
        for (const one of steps) {
          if (one.do === 'take') {
            const request = { sizeBytes: one.sizeBytes, id: ids++ };
            if (memory.takeOrWait(request)) enter(request);
          } else if (one.do === 'give up') {
            memory.giveUpFirst();
          } else if (holding.length > 0) {
            const [released] = holding.splice(one.which % holding.length, 1);
            memory.release(released!.sizeBytes);
          }
          const used = holding.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          assert.equal(memory.usedBytes, used);
          assert.ok(used <= LIMIT);
          assert.deepEqual(
            admitted,
            [...admitted].sort((a, b) => a - b),
          );
          if (memory.first !== undefined) assert.ok(used + memory.first.sizeBytes > LIMIT);
        }
      }),
    );
  });
});

describe('Fifo', () => {
  it('gives back what it was given, in order, also when long', () => {
    const fifo = new Fifo<number>();
    let [pushed, shifted] = [0, 0];
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 300; i++) fifo.push(pushed++);
      for (let i = 0; i < 250; i++) assert.equal(fifo.shift(), shifted++);
      assert.equal(fifo.size, pushed - shifted);
      assert.equal(fifo.peek(), shifted);
    }
    while (fifo.size > 0) assert.equal(fifo.shift(), shifted++);
    assert.equal(shifted, pushed);
    assert.equal(fifo.shift(), undefined);
    assert.equal(fifo.size, 0);
  });
});
