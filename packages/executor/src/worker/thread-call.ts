import type { CrossingRecords } from './crossing-record.js';
import type { WorkerListenerContext } from './worker-listener.js';

/** What the listeners' threads are told when they start. Plain data, as everything here. */
export interface ThreadSetUp {
  /** Of the user's module. */
  readonly url: string;
  /** The name of the BroadcastChannel on which {@link AbortedCalls} come. */
  readonly channel: string;
  /** Goes up after each of its messages. */
  readonly messages: SharedArrayBuffer;
  readonly returnsResult: boolean;
}

/** One call of the listener. */
export interface ThreadCall extends Omit<WorkerListenerContext, 'signal'> {
  readonly id: number;
  readonly records: CrossingRecords;
}

/** Of the calls that run, those whose signal is aborted, and why. Each message says it of all, so the last one is enough. */
export type AbortedCalls = ReadonlyMap<number, Uint8Array>;

/** What a thread says on the channel when it has come up: to be told of aborted calls. */
export const ASK = 'ask';

/** How the call ended. A call without an answer is one whose thread is gone. */
export type ThreadAnswer =
  | { readonly kind: 'returned'; readonly result: Uint8Array | undefined }
  | { readonly kind: 'threw'; readonly thrown: Uint8Array };
