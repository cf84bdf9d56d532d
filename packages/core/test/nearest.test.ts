import assert from 'node:assert/strict';
import fc from 'fast-check';
import { didYouMean, nearest, orKnown } from '../dist/nearest.js';

describe('nearest', () => {
  it('finds what was probably meant', () => {
    const names = ['topics', 'topicPattern', 'concurrency', 'shutdownTimeoutMs'];
    assert.equal(nearest('topic', names), 'topics');
    assert.equal(nearest('topcis', names), 'topics');
    assert.equal(nearest('CONCURRENCY', names), 'concurrency');
    assert.equal(nearest('shutdownTimeout', names), 'shutdownTimeoutMs');
  });

  it('finds a name by its beginning or its end', () => {
    const names = ['maxBlockMs', 'bufferMemoryBytes', 'batchSizeBytes', 'fetchMaxBytes', 'maxPartitionFetchBytes'];
    assert.equal(nearest('batchSize', names), 'batchSizeBytes');
    assert.equal(nearest('bufferMemory', names), 'bufferMemoryBytes');
    assert.equal(nearest('maxBytes', names), 'fetchMaxBytes');
    assert.equal(nearest('fetchBytes', names), 'fetchMaxBytes');
    assert.equal(nearest('max', names), undefined);
  });

  it('finds nothing where nothing is near', () => {
    assert.equal(nearest('colour', ['topics', 'concurrency']), undefined);
    assert.equal(nearest('', ['topics']), undefined);
    assert.equal(nearest('topics', []), undefined);
  });

  it('ends a message with what was meant or, if asked to, with what there is', () => {
    assert.equal(didYouMean('topcis', ['topics']), "; did you mean 'topics'?");
    assert.equal(orKnown('topcis', ['topics']), "; did you mean 'topics'?");
    assert.equal(didYouMean('colour', ['topics', 'groupId']), '');
    assert.equal(orKnown('colour', ['topics', 'groupId']), '; known are topics, groupId');
    assert.equal(orKnown(5, []), '; known are none');
  });

  const word = fc.string({ maxLength: 12 });

  it('finds every word in a list that has it, case aside', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.nat(), (words, pick) => {
        const wanted = words[pick % words.length]!;
        assert.equal(nearest(wanted, words)?.toLowerCase(), wanted.toLowerCase());
      }),
    );
  });

  it('finds a word again after one slip: a letter too many, missing, or wrong', () => {
    const slip = fc.tuple(
      fc.string({ minLength: 4, maxLength: 12 }),
      fc.nat(),
      fc.constantFrom('add', 'drop', 'change'),
    );
    fc.assert(
      fc.property(slip, ([right, position, kind]) => {
        const at = position % right.length;
        const tail = right.slice(kind === 'add' ? at : at + 1);
        assert.equal(nearest(right.slice(0, at) + (kind === 'drop' ? '' : '~') + tail, [right]), right);
      }),
    );
  });
});
