import assert from 'node:assert/strict';
import { topicNameProblem, topicNamesCollide } from '../../dist/cluster/topic-name.js';

describe('a topic name', () => {
  for (const name of ['a', 'A-z_0.9', '...', 'x'.repeat(249), '__consumer_offsets']) {
    it(`may be ${name.slice(0, 20)}`, () => assert.equal(topicNameProblem(name), undefined));
  }

  for (const name of ['', '.', '..', 'x'.repeat(250), 'a b', 'a/b', 'ä', 'a:3', 'a\n']) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => assert.notEqual(topicNameProblem(name), undefined));
  }

  it('collides with one that metrics write alike', () => {
    assert.ok(topicNamesCollide('a.b_c', 'a_b.c'));
    assert.ok(!topicNamesCollide('a.b', 'a-b'));
  });
});
