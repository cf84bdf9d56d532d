import assert from 'node:assert/strict';
import { FirstSlot } from '../dist/priority/first-slot.js';

describe('The first slot', () => {
  const sentAt = performance.now();

  it('is there at once while not all are taken', () => {
    const slots = new FirstSlot(2);
    slots.started();
    slots.fetched(sentAt);
    assert.equal(slots.waitsMs.length, 1);
  });

  it('is the next that a handler leaves, one for each who waits', () => {
    const slots = new FirstSlot(2);
    slots.started();
    slots.started();
    slots.fetched(sentAt);
    slots.fetched(sentAt);
    assert.equal(slots.waitsMs.length, 0);
    slots.ended();
    slots.started();
    assert.equal(slots.waitsMs.length, 1);
    slots.ended();
    slots.ended();
    assert.equal(slots.waitsMs.length, 2);
    assert.ok(slots.waitsMs.every((ms) => ms >= 0 && ms <= performance.now() - sentAt));
  });
});
