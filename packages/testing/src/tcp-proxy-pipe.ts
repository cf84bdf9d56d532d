import type { Socket } from 'node:net';
import type { ProxyEffect } from './tcp-proxy-fault.js';
import type { ProxyFrame } from './tcp-proxy-frame.js';

interface Queued {
  readonly frame: ProxyFrame;
  readonly effect: ProxyEffect | undefined;
  mayGo: boolean;
}

/** One direction of a proxied connection: frames leave in the order they came, so one that waits holds up all behind it. */
export class ProxyPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #queue: Queued[] = [];

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
  }

  push(frame: ProxyFrame, effect: ProxyEffect | undefined): void {
    const queued: Queued = { frame, effect, mayGo: effect?.kind !== 'wait' };
    this.#queue.push(queued);
    if (effect?.kind === 'wait') {
      effect.start(() => {
        queued.mayGo = true;
        this.#flow();
      });
    }
    this.#flow();
  }

  #flow(): void {
    for (let next = this.#queue[0]; next?.mayGo === true; next = this.#queue[0]) {
      this.#queue.shift();
      this.#pass(next);
    }
  }

  #pass({ frame, effect }: Queued): void {
    const isEnd = frame.bytes.length === 0;
    if (effect?.kind === 'swallow') return;
    if (effect?.kind === 'cut') this.#cut(frame.bytes.subarray(0, effect.afterBytes));
    else if (isEnd) this.#to.end(() => this.#to.destroy());
    else {
      this.#write(frame.bytes);
      if (effect?.kind === 'duplicate') this.#write(frame.bytes);
    }
  }

  /** The rest of what is queued is lost with the connection. */
  #cut(part: Buffer): void {
    this.#queue.length = 0;
    this.#from.destroy();
    this.#to.end(part, () => this.#to.destroy());
  }

  #write(bytes: Buffer): void {
    if (this.#to.destroyed || this.#to.writableEnded || this.#to.write(bytes)) return;
    this.#from.pause();
    this.#to.once('drain', () => this.#from.resume());
  }
}
