import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ManualClock } from '@hearken/testing';
import { Deadlines } from '../dist/deadlines.js';

interface Item {
  readonly name: number;
}

const DELAY_MS = 10;

type Step =
  { do: 'add' | 'delete' | 'again'; name: number } | { do: 'pass'; ms: number } | { do: 'hurry' } | { do: 'clear' };

const steps = fc.array<Step>(
  fc.oneof(
    fc.record({ do: fc.constantFrom('add' as const, 'delete', 'again'), name: fc.nat(5) }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat(12) }),
    fc.constantFrom<Step>({ do: 'hurry' }, { do: 'clear' }),
  ),
  { maxLength: 60 },
);

describe('Deadlines', () => {
  it('tell of each item when its time is over, in the order they were added, with one timer', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const clock = new ManualClock();
        const items: Item[] = Array.from({ length: 6 }, (_, name) => ({ name }));
        const told: [number, number][] = [];
        const expected: [number, number][] = [];
        let waiting: { name: number; at: number }[] = [];
        const again = new Set<number>();
        const deadlines = new Deadlines<Item>(clock, DELAY_MS, (item) => {
          told.push([item.name, clock.monotonic()]);
          if (again.delete(item.name)) deadlines.add(item);
        });
        const due = (now: number): void => {
          for (let first = waiting[0]; first !== undefined && first.at <= now; first = waiting[0]) {
            waiting.shift();
            expected.push([first.name, first.at]);
            if (toAdd.delete(first.name)) waiting.push({ name: first.name, at: first.at + DELAY_MS });
          }
        };
        const toAdd = new Set<number>();
        for (const step of all) {
          if (step.do === 'pass') {
            for (let ms = 0; ms < step.ms; ms++) {
              clock.advance(1);
              due(clock.monotonic());
            }
          } else if (step.do === 'hurry') {
            const first = waiting.shift();
            if (first !== undefined) {
              expected.push([first.name, clock.monotonic()]);
              if (toAdd.delete(first.name)) waiting.push({ name: first.name, at: clock.monotonic() + DELAY_MS });
            }
            assert.equal(deadlines.hurry(), first !== undefined);
          } else if (step.do === 'clear') {
            waiting = [];
            deadlines.clear();
            assert.equal(clock.nextDueInMs, undefined);
          } else if (step.do === 'delete') {
            waiting = waiting.filter(({ name }) => name !== step.name);
            deadlines.delete(items[step.name]!);
          } else {
            if (step.do === 'again') {
              again.add(step.name);
              toAdd.add(step.name);
            }
            if (!waiting.some(({ name }) => name === step.name))
              waiting.push({ name: step.name, at: clock.monotonic() + DELAY_MS });
            deadlines.add(items[step.name]!);
          }
          assert.deepEqual(told, expected);
          for (const { name } of items) {
            assert.equal(
              deadlines.has(items[name]!),
              waiting.some((one) => one.name === name),
            );
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
