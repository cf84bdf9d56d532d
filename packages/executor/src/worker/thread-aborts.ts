import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads';
import { unpackThrown } from './crossing-error.js';
import { ASK, type AbortedCalls, type ThreadSetUp } from './thread-call.js';

/** In a thread: the signal of the call that runs. */
export class ThreadAborts {
  readonly #channel: BroadcastChannel;
  readonly #messages: Int32Array;
  #seen = 0;
  /** Kept, as a call may be aborted before the thread has heard of it: the two come on different roads. */
  #aborted: AbortedCalls = new Map();
  #running: { readonly id: number; readonly controller: AbortController } | undefined;

  constructor({ channel, messages }: Pick<ThreadSetUp, 'channel' | 'messages'>) {
    this.#messages = new Int32Array(messages);
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = (event) => this.#take((event as { readonly data: AbortedCalls | typeof ASK }).data);
    this.#channel.unref();
    // What was said before this thread listened is said again: its first call may be aborted before the thread has come up.
    this.#channel.postMessage(ASK);
  }

  begin(id: number): AbortSignal {
    const controller = new AbortController();
    this.#running = { id, controller };
    this.#look();
    this.#abortIfTold();
    return watched(controller.signal, () => this.#look());
  }

  end(): void {
    this.#running = undefined;
  }

  /** Reads what came in while the listener kept the event loop; the counter makes it free to ask. */
  #look(): void {
    const messages = Atomics.load(this.#messages, 0);
    if (messages === this.#seen) return;
    this.#seen = messages;
    for (let next = this.#receive(); next !== undefined; next = this.#receive()) this.#take(next);
  }

  #receive(): AbortedCalls | typeof ASK | undefined {
    // The types do not know that it takes a BroadcastChannel too.
    const received = receiveMessageOnPort(this.#channel as unknown as Parameters<typeof receiveMessageOnPort>[0]);
    return received?.message as AbortedCalls | typeof ASK | undefined;
  }

  #take(message: AbortedCalls | typeof ASK): void {
    if (message === ASK) return; // another thread's question
    this.#aborted = message;
    this.#abortIfTold();
  }

  #abortIfTold(): void {
    if (this.#running === undefined) return;
    const { id, controller } = this.#running;
    const reason = this.#aborted.get(id);
    if (reason !== undefined && !controller.signal.aborted) controller.abort(unpackThrown(reason));
  }
}

/** A listener that computes does not let a message in: whoever asks looks for one first. */
function watched(signal: AbortSignal, look: () => void): AbortSignal {
  return Object.defineProperties(signal, {
    aborted: {
      get: () => {
        look();
        return Reflect.get(AbortSignal.prototype, 'aborted', signal);
      },
    },
    throwIfAborted: {
      value: () => {
        if (signal.aborted) throw signal.reason;
      },
    },
  });
}
