import assert from 'node:assert/strict';
import { compare, summarise } from '../dist/report.js';
import type { Contest, Gate } from '../dist/scenario.js';

const turn = (): never => assert.fail('nothing runs');
const contest = (...gates: Gate[]): Contest => ({
  hearken: turn,
  peers: { slow: turn, quick: turn },
  compared: ['rate'],
  gates,
});
const turns = {
  hearken: [{ rate: 7 }, { rate: 9 }, { rate: 8 }],
  slow: [{ rate: 2 }, { rate: 4 }, { rate: 1 }],
  quick: [{ rate: 16 }, { rate: 16 }, { rate: 90 }],
};

describe('The report of a contest', () => {
  it('has the median of each side, and the ratio to each peer', () => {
    const { medians, ratios, pass } = summarise(contest(), turns);
    assert.deepEqual(medians, { hearken: { rate: 8 }, slow: { rate: 2 }, quick: { rate: 16 } });
    assert.deepEqual(ratios, { slow: { rate: 4 }, quick: { rate: 0.5 } });
    assert.equal(pass, true);
  });

  it('leaves out a peer that could not be run, and the gates against it', () => {
    const against = (peer: string): Gate => ({ figure: 'rate', against: peer, atLeast: 100 });
    const { ratios, gates, pass } = summarise(contest(against('slow')), { hearken: turns.hearken, quick: turns.quick });
    assert.deepEqual([ratios, gates, pass], [{ quick: { rate: 0.5 } }, [], true]);
    assert.equal(summarise(contest(against('slow'), against('quick')), turns).pass, false);
  });

  const gates: [gate: Gate, reached: number, pass: boolean][] = [
    [{ figure: 'rate', atLeast: 8 }, 8, true],
    [{ figure: 'rate', atLeast: 8.1 }, 8, false],
    [{ figure: 'rate', against: 'slow', atLeast: 4 }, 4, true],
    [{ figure: 'rate', against: 'slow', atLeast: 5 }, 4, false],
    [{ figure: 'rate', against: 'quick', atMost: 0.5 }, 0.5, true],
    [{ figure: 'rate', against: 'quick', atMost: 0.4 }, 0.5, false],
    [{ figure: 'none', against: 'quick', atMost: 1 }, NaN, false],
    [{ figure: 'rate', against: 'nobody', atLeast: 0 }, NaN, false],
  ];
  for (const [gate, reached, pass] of gates) {
    it(`says whether a gate is passed: ${JSON.stringify(gate)}`, () => {
      const summary = summarise(contest({ figure: 'rate', atLeast: 0 }, gate), turns);
      assert.deepEqual(summary.gates[1], { ...gate, reached, pass });
      assert.equal(summary.pass, pass);
    });
  }

  it('of two commits has new / old of every figure', () => {
    const { medians, ratios } = compare({ new: [{ rate: 8, cpu: 1 }], old: [{ rate: 4, cpu: 4 }] });
    assert.deepEqual(medians, { new: { rate: 8, cpu: 1 }, old: { rate: 4, cpu: 4 } });
    assert.deepEqual(ratios, { rate: 2, cpu: 0.25 });
  });
});
