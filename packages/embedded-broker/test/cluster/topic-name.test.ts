import assert from 'node:assert/strict';
import { metricName, topicNameProblem } from '../../dist/cluster/topic-name.js';

describe('a topic name', () => {
  for (const name of ['a', 'A-z_0.9', '...', 'x'.repeat(249), '__consumer_offsets']) {
    it(`may be ${name.slice(0, 20)}`, () => assert.equal(topicNameProblem(name), undefined));
  }

  for (const name of ['', '.', '..', 'x'.repeat(250), 'a b', 'a/b', 'ä', 'a:3', 'a\n']) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => assert.notEqual(topicNameProblem(name), undefined));
  }

  it('is written by metrics without dots', () => {
    assert.equal(metricName('a.b_c.d'), 'a_b_c_d');
    assert.equal(metricName('a-b'), 'a-b');
  });
});
