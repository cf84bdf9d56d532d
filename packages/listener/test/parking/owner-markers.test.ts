import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OwnerMarkers } from '../../dist/parking/owner-markers.js';

describe('OwnerMarkers', () => {
  it('know the highest generation below every offset, in whatever order they are read, and however often', () => {
    const marker = fc.record({ at: fc.nat(20), generation: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(marker, { maxLength: 12 }), fc.integer({ min: -1, max: 6 }), (added, known) => {
        const markers = new OwnerMarkers(known);
        for (const one of added) markers.add(one);
        for (let offset = 0; offset <= 21; offset++) {
          const below = added.filter(({ at }) => at < offset).map(({ generation }) => generation);
          assert.equal(markers.before(offset), Math.max(known, ...below));
        }
      }),
    );
  });

  it('take for late what is signed by less than that, and never what is not signed', () => {
    const markers = new OwnerMarkers();
    markers.add({ at: 5, generation: 2 });
    assert.deepEqual(
      [markers.isLate(5, 1), markers.isLate(6, 1), markers.isLate(6, 2), markers.isLate(6, undefined)],
      [false, true, false, false],
    );
  });
});
