import assert from 'node:assert/strict';
import { IllegalStateError } from '@hearken/core';
import { StateMachine } from '@hearken/core/internal';
import fc from 'fast-check';

type Light = 'red' | 'green' | 'amber';
const MOVES: Readonly<Record<Light, readonly Light[]>> = { red: ['green'], green: ['amber'], amber: ['red', 'green'] };

describe('StateMachine', () => {
  it('makes the moves of its table, for any walk, and refuses all others', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Light>('red', 'green', 'amber')), (walk) => {
        const told: unknown[] = [];
        const light = new StateMachine<Light>('light', {
          initial: 'red',
          moves: MOVES,
          onMove: (move) => told.push(move),
        });
        let state: Light = 'red';
        const moved: unknown[] = [];
        for (const next of walk) {
          if (MOVES[state].includes(next)) {
            light.moveTo(next);
            moved.push({ previous: state, next });
            state = next;
          } else assert.throws(() => light.moveTo(next), IllegalStateError);
          assert.equal(light.state, state);
          assert.ok(light.is(state) && light.is('red', 'green', 'amber') && !light.is());
        }
        assert.deepEqual(told, moved);
      }),
    );
  });

  it('says which move was not legal', () => {
    const light = new StateMachine<Light>('light', { initial: 'red', moves: MOVES });
    assert.throws(() => light.moveTo('amber'), { code: 'ILLEGAL_MOVE', message: 'light cannot go from red to amber' });
  });

  it('has moved when it tells: what it calls may move on', () => {
    const light: StateMachine<Light> = new StateMachine<Light>('light', {
      initial: 'red',
      moves: MOVES,
      onMove: ({ next }) => {
        assert.equal(light.state, next);
        if (next === 'green') light.moveTo('amber');
      },
    });
    light.moveTo('green');
    assert.equal(light.state, 'amber');
  });
});
