import assert from 'node:assert/strict';
import { bindingOf, boundsOf, type BindingFacts } from '../../dist/explain/bounds.js';
import { limitOf } from '../../dist/explain/limit.js';

const measured = { concurrency: 100, latencyMs: 50, heldMs: 0, recordsPerCall: 1, share: 0.02 };

const facts = (given: Partial<BindingFacts>): BindingFacts => ({
  limit: 'records',
  bounds: boundsOf(measured),
  ordering: 'key',
  isPaused: false,
  isShut: false,
  waitsForRetries: false,
  hasMore: false,
  ...given,
});

describe('bounds of a container', () => {
  it('are C / L, 1 / (L * p), and what one thread can do', () => {
    assert.deepEqual(boundsOf({ ...measured, heldMs: 0.25 }), {
      concurrency: 2_000,
      hottestKey: 1_000,
      eventLoop: 4_000,
    });
  });

  it('count records where a call is for a batch of them', () => {
    const { concurrency, hottestKey } = boundsOf({ ...measured, recordsPerCall: 10 });
    assert.deepEqual([concurrency, hottestKey], [20_000, 10_000]);
  });

  it('are unknown before a call was measured, and none where nothing binds', () => {
    const none = { concurrency: undefined, hottestKey: undefined, eventLoop: undefined };
    assert.deepEqual(boundsOf({ ...measured, latencyMs: undefined, heldMs: undefined }), none);
    assert.deepEqual(boundsOf({ ...measured, concurrency: 0, share: undefined }), none);
    assert.equal(boundsOf({ ...measured, share: 0 }).hottestKey, undefined);
  });
});

describe('what binds a container', () => {
  const state = { isReady: true, behind: 5, available: 0, running: 10, concurrency: 10 };

  it('is what more of would let records start', () => {
    assert.equal(limitOf(state), 'slots');
    assert.equal(limitOf({ ...state, running: 4 }), 'executor', 'others have the slots, or there is no token');
    assert.equal(limitOf({ ...state, available: 3 }), 'loop');
    assert.equal(limitOf({ ...state, isReady: false }), 'lanes');
    assert.equal(limitOf({ ...state, isReady: false, behind: 0 }), 'records');
  });

  it('has a name by the order, and by what is in the log', () => {
    assert.equal(bindingOf(facts({ limit: 'slots' })), 'concurrency');
    assert.equal(bindingOf(facts({ limit: 'executor' })), 'executor');
    assert.equal(bindingOf(facts({ limit: 'loop' })), 'event-loop');
    assert.equal(bindingOf(facts({ limit: 'lanes' })), 'hottest-key');
    assert.equal(bindingOf(facts({ limit: 'lanes', ordering: 'partition' })), 'hottest-partition');
    assert.equal(bindingOf(facts({ limit: 'lanes', waitsForRetries: true })), 'retries');
    assert.equal(bindingOf(facts({ limit: 'lanes', ordering: 'none' })), 'retries');
    assert.equal(bindingOf(facts({ hasMore: true })), 'fetch');
    assert.equal(bindingOf(facts({})), 'input');
  });

  it('is not the number of slots where listeners do not wait for anything', () => {
    const bounds = boundsOf({ ...measured, latencyMs: 2, heldMs: 2, concurrency: 1 });
    assert.equal(bindingOf(facts({ limit: 'slots', bounds })), 'event-loop');
  });

  it('is whoever holds it, whatever was short before', () => {
    assert.equal(bindingOf(facts({ limit: 'slots', isPaused: true })), 'paused');
    assert.equal(bindingOf(facts({ limit: 'lanes', isShut: true })), 'executor');
  });
});
