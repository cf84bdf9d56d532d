import assert from 'node:assert/strict';
import fc from 'fast-check';
import { commonProtocols, electLeader, electProtocol } from '../../dist/groups/election.js';

const preferences = fc.array(fc.shuffledSubarray(['range', 'roundrobin', 'sticky', 'own'], { minLength: 1 }), {
  minLength: 1,
  maxLength: 6,
});

describe('the election of a protocol', () => {
  it('lets each member vote for the first of its own that all support', () => {
    assert.equal(
      electProtocol([
        ['own', 'range', 'sticky'],
        ['sticky', 'range'],
        ['sticky', 'range'],
      ]),
      'sticky',
    );
    assert.equal(
      electProtocol([
        ['range', 'sticky'],
        ['sticky', 'range'],
        ['range', 'sticky'],
      ]),
      'range',
    );
  });

  it('takes, between equals, what Kafka does', () => {
    const tie = (one: string, other: string): string | undefined =>
      electProtocol([
        [one, other],
        [other, one],
      ]);
    assert.equal(tie('range', 'sticky'), 'sticky');
    assert.equal(tie('sticky', 'range'), 'sticky');
    assert.equal(tie('range', 'roundrobin'), 'range');
    assert.equal(tie('range', 'cooperative-sticky'), 'range');
    assert.equal(tie('sticky', 'cooperative-sticky'), 'sticky');
    assert.equal(tie('roundrobin', 'sticky'), 'sticky');
  });

  it('finds none where nothing is common', () => {
    assert.equal(electProtocol([['range'], ['sticky']]), undefined);
    assert.equal(electProtocol([]), undefined);
  });

  it('elects what all support and, of that, what nothing else has more votes than', () => {
    fc.assert(
      fc.property(preferences, (members) => {
        const common = commonProtocols(members);
        const elected = electProtocol(members);
        if (common.length === 0) {
          assert.equal(elected, undefined);
          return;
        }
        assert(elected !== undefined && members.every((names) => names.includes(elected)));
        const votesFor = (name: string): number =>
          members.filter((names) => names.find((own) => common.includes(own)) === name).length;
        for (const name of common) assert(votesFor(name) <= votesFor(elected));
      }),
    );
  });
});

describe('the election of a leader', () => {
  it('keeps who led, if it joined; else takes the first who did', () => {
    assert.equal(electLeader(['a', 'b'], 'b'), 'b');
    assert.equal(electLeader(['a', 'b'], 'gone'), 'a');
    assert.equal(electLeader(['a', 'b'], undefined), 'a');
    assert.equal(electLeader([], 'gone'), undefined);
  });
});
