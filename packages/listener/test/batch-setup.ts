import { deferred } from '@hearken/core/internal';
import type { ConsumerRecord } from '@hearken/core';
import { Recorder } from '@hearken/testing';
import type { BatchListenerContext, BatchResult, BatchReturn, BatchContainerProperties } from '../dist/index.js';
import { setup, type Bundle, type SetupOptions } from './setup.js';

/** A call of a batch listener that the test ends. */
export interface BatchCall {
  readonly records: readonly ConsumerRecord[];
  readonly context: BatchListenerContext;
  /** "1/7-9", partition and first and last offset; "1/7" of one record. */
  readonly at: string;
  readonly offsets: readonly number[];
  readonly end: (result?: BatchResult) => void;
  readonly fail: (error: unknown) => void;
}

/** A batch listener whose calls end when the test says so. */
export class ManualBatchListener {
  readonly calls = new Recorder<BatchCall>();

  readonly onBatch = (records: readonly ConsumerRecord[], context: BatchListenerContext): Promise<BatchReturn> => {
    const { promise, resolve, reject } = deferred<BatchResult | undefined>();
    const offsets = records.map(({ offset }) => offset);
    this.calls.record({ records, context, at: placeOf(records), offsets, end: resolve, fail: reject });
    return promise;
  };

  /** The call number so many, from 0, past or future. */
  async call(index: number): Promise<BatchCall> {
    await this.calls.received(index + 1);
    return this.calls.items[index]!;
  }

  get order(): string[] {
    return this.calls.items.map(({ at }) => at);
  }
}

function placeOf(records: readonly ConsumerRecord[]): string {
  const [first, last] = [records[0]!, records.at(-1)!];
  return first === last ? `${first.partition}/${first.offset}` : `${first.partition}/${first.offset}-${last.offset}`;
}

export interface BatchBundle extends Bundle {
  readonly batches: ManualBatchListener;
}

/** A container with a batch listener on a fake consumer, and what a test needs around it. */
export function setupBatches(properties: Partial<BatchContainerProperties> = {}, options?: SetupOptions): BatchBundle {
  const batches = new ManualBatchListener();
  const bundle = setup({ listener: undefined, batchListener: batches, ...properties } as never, options);
  return { ...bundle, batches };
}

/** The same, started. */
export async function startedBatches(...args: Parameters<typeof setupBatches>): Promise<BatchBundle> {
  const bundle = setupBatches(...args);
  await bundle.container.start();
  return bundle;
}
