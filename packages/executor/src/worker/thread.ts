import { serialize } from 'node:v8';
import { workerData } from 'node:worker_threads';
import { packThrown } from './crossing-error.js';
import { unpackRecords } from './crossing-record.js';
import { loadListener } from './load-listener.js';
import { ThreadAborts } from './thread-aborts.js';
import type { ThreadAnswer, ThreadCall, ThreadSetUp } from './thread-call.js';
import { WorkerThreadError } from './worker-thread-error.js';

// Runs in each thread. piscina calls `handle`, one call at a time.
const { url, returnsResult, ...roads } = workerData as ThreadSetUp;
const aborts = new ThreadAborts(roads);
/** With the first call, not before: a module that fails would end one new thread after the other. */
let loading: ReturnType<typeof loadListener> | undefined;

export async function handle({ id, records, attempt, epoch }: ThreadCall): Promise<ThreadAnswer> {
  try {
    loading ??= loadListener(url);
    const listener = await loading;
    const [record] = unpackRecords(records);
    const result = await listener(record, { signal: aborts.begin(id), attempt, epoch });
    return { kind: 'returned', result: returnsResult ? packResult(result) : undefined };
  } catch (error) {
    return { kind: 'threw', thrown: packThrown(error) };
  } finally {
    aborts.end();
  }
}

function packResult(result: unknown): Uint8Array {
  try {
    return serialize(result);
  } catch (cause) {
    throw new WorkerThreadError('NOT_CLONEABLE', 'what the listener returned cannot go to another thread', { cause });
  }
}
