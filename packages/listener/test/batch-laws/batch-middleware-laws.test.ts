import assert from 'node:assert/strict';
import fc from 'fast-check';
import { eventLoopTurn } from '@hearken/testing';
import {
  BatchListenerFailedError,
  deduplicate,
  DefaultErrorHandler,
  FixedBackOff,
  type BatchListenerFunction,
  type BatchMiddleware,
} from '../../dist/index.js';
import { startedBatches } from '../batch-setup.js';
import { addsUp, keyed, tp } from '../setup.js';

const RECORDS = 20;
/** After so many calls the listener does what it is asked to, so that each world comes to an end. */
const CALM_AFTER = 40;

type Pick = <T>(...choices: readonly [T, ...T[]]) => T;

/** Records that are done, by the listener's own word or because somebody on the way to it said that they need not be. */
class Oracle {
  readonly keys: readonly string[];
  readonly done = new Set<number>();
  readonly leftOut = new Set<number>();
  readonly recovered = new Set<number>();
  problem: string | undefined;

  constructor(keys: readonly string[]) {
    this.keys = keys;
  }

  /** Nothing that is committed was lost. */
  committed(offset: number, deduplicates: boolean): void {
    const keysDone = new Set([...this.done, ...this.leftOut].map((at) => this.keys[at]));
    for (let at = 0; at < offset; at++) {
      const isSafe = this.done.has(at) || this.leftOut.has(at) || this.recovered.has(at);
      if (!isSafe && !(deduplicates && keysDone.has(this.keys[at]))) this.problem ??= `${at} is lost: ${offset}`;
    }
  }
}

const inParts =
  (size: number): BatchMiddleware =>
  async (records, _, next) => {
    for (let at = 0; at < records.length; at += size) await next(records.slice(at, at + size));
  };

const leavingOut =
  ({ leftOut }: Oracle): BatchMiddleware =>
  (records, _, next) => {
    for (const { offset } of records) if (offset % 4 === 1) leftOut.add(offset);
    return next(records.filter(({ offset }) => offset % 4 !== 1));
  };

/** Ends its calls in all the ways there are. */
function wayward(oracle: Oracle, isManual: boolean, pick: Pick): BatchListenerFunction {
  let calls = 0;
  return async (records, context) => {
    if (records.length === 0) oracle.problem ??= 'a batch without records';
    const done = (from: number, end = records.length): void => {
      for (const { offset } of records.slice(from, end)) oracle.done.add(offset);
    };
    const acknowledgment = isManual ? context.acknowledgment : undefined;
    const at = pick(...([...records.keys()] as [number, ...number[]]));
    if (pick(true, false)) await eventLoopTurn();
    const way = ++calls > CALM_AFTER ? 'well' : pick('well', 'throws', 'so far', 'names', 'nack', 'prefix', 'later');
    switch (way) {
      case 'throws':
        throw new Error('no');
      case 'so far':
        done(0, at);
        throw new BatchListenerFailedError(at, new Error('no'));
      case 'names':
        done(0, at);
        done(at + 1);
        return { failed: [{ index: at, error: new Error('no') }] };
      case 'nack':
        done(0, isManual ? at : undefined);
        acknowledgment?.nack(at, 1);
        return;
      case 'prefix':
        done(0, at + 1);
        acknowledgment?.acknowledge(at);
        throw new Error('no');
      case 'later':
        done(0);
        setImmediate(() => acknowledgment?.acknowledge());
        return;
      default:
        done(0);
        acknowledgment?.acknowledge();
        return;
    }
  };
}

describe('laws of batches behind middleware', () => {
  it('nothing is lost that a listener did not end, however it gets its batches and whatever it does with them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (gen) => {
        const pick: Pick = (...choices) => gen(fc.constantFrom, ...choices) as never;
        const oracle = new Oracle(Array.from({ length: RECORDS }, () => pick('a', 'b', 'c', 'd', 'e', 'f')));
        const dedupe = pick(undefined, deduplicate({ id: ({ key }) => (key as Buffer).toString() }));
        const layers = [pick(undefined, inParts(pick(1, 2, 3))), pick(undefined, leavingOut(oracle)), dedupe];
        const middleware = layers.filter((layer) => layer !== undefined) as BatchMiddleware[];
        const ackMode = pick('batch', 'manual', 'manual-immediate');
        const bundle = await startedBatches(
          {
            ackMode,
            ordering: pick('partition', 'key', 'none'),
            batch: { maxRecords: pick(1, 3, 7, 50) },
            middleware: pick(true, false) ? middleware : middleware.reverse(),
            batchListener: wayward(oracle, ackMode !== 'batch', pick),
            errorHandler: new DefaultErrorHandler({
              backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 2 }),
              recoverer: ({ offset }) => oracle.recovered.add(offset),
            }),
          },
          { partitions: [tp(0)] },
        );
        const { container, clock, give, committed } = bundle;
        give(0, ...keyed(...oracle.keys));
        for (let turns = 0; committed(0) !== RECORDS && oracle.problem === undefined; turns++) {
          if (turns === 3_000) oracle.problem = `it stands still: ${JSON.stringify(container.snapshot())}`;
          clock.advance(1);
          await eventLoopTurn();
          oracle.committed(committed(0) ?? 0, dedupe !== undefined);
        }
        await container.stop();
        assert.equal(oracle.problem, undefined);
        assert.ok(addsUp(bundle));
      }),
      { numRuns: 60, endOnFailure: true },
    );
  }).timeout(120_000);
});
