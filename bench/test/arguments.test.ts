import assert from 'node:assert/strict';
import { parseArguments, usage } from '../dist/arguments.js';
import type { Scenario } from '../dist/scenario.js';

const scenario = (settings: Record<string, number>): Scenario => ({
  settings,
  topic: () => assert.fail('no topic is made'),
  contests: {},
});
const known = { quick: scenario({ turns: 3, n: 10 }), slow: scenario({ turns: 3 }) };

const parse = (line: string): ReturnType<typeof parseArguments> =>
  parseArguments(line === '' ? [] : line.split(' '), known);
const chosen = (line: string): string[] => parse(line).chosen.map(([name]) => name);

describe('The command line of bench', () => {
  it('chooses one scenario, or all in their order', () => {
    assert.deepEqual(chosen('slow'), ['slow']);
    assert.deepEqual(chosen('all'), ['quick', 'slow']);
  });

  it('sets numbers, with underscores and fractions', () => {
    assert.deepEqual(parse('quick n=1_000_000 turns=0.5').settings, { n: 1_000_000, turns: 0.5 });
  });

  it('names a commit to run against, wherever it stands', () => {
    assert.equal(parse('quick n=1').against, undefined);
    for (const line of ['--against main~3 quick n=1', 'quick --against main~3 n=1', 'quick n=1 --against main~3']) {
      const { against, settings } = parse(line);
      assert.deepEqual(
        { against, settings, chosen: chosen(line) },
        { against: 'main~3', settings: { n: 1 }, chosen: ['quick'] },
      );
    }
  });

  const wrong: Record<string, RegExp> = {
    '': /which scenario/,
    quik: /unknown scenario 'quik'/,
    'quick m=1': /'quick' has no setting m/,
    'all n=1': /'slow' has no setting n/,
    'quick n=0': /'n=0' is not name=number/,
    'quick n=1.2.3': /is not name=number/,
    'quick n': /'n' is not name=number/,
    'quick --against': /--against needs a git ref/,
    '--against --quick quick': /--against needs a git ref/,
  };
  for (const [line, says] of Object.entries(wrong)) {
    it(`refuses '${line}'`, () => assert.throws(() => parse(line), says));
  }

  it('is told with every scenario and its settings', () => {
    assert.match(usage(known), /--against.*\n +quick +turns=3 n=10\n +slow +turns=3\n +all /);
  });
});
