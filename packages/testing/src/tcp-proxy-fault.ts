import { deferred } from '@hearken/core/internal';
import { isMeant, type FrameMatch, type ProxyFrame } from './tcp-proxy-frame.js';

/** What becomes of a frame; a frame without an effect passes. */
export type ProxyEffect =
  | { readonly kind: 'watch' | 'swallow' | 'duplicate' }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** `release` lets it go; it is called once. */
  | { readonly kind: 'wait'; readonly start: (release: () => void) => void };

/** A fault in force at a {@link TcpProxy}, until it is ended. */
export class ProxyFault implements Disposable {
  /** Resolves with the first frame it struck, when it struck it. */
  readonly struck: Promise<ProxyFrame>;
  readonly #match: FrameMatch;
  readonly #effect: ProxyEffect;
  readonly #onEnd: (fault: ProxyFault) => void;
  readonly #struck = deferred<ProxyFrame>();
  #matches = 0;
  #hits = 0;

  /** @internal made by the proxy's methods */
  constructor(match: FrameMatch, effect: ProxyEffect, onEnd: (fault: ProxyFault) => void) {
    this.struck = this.#struck.promise;
    this.#match = match;
    this.#effect = effect;
    this.#onEnd = onEnd;
  }

  /** How many frames it struck. */
  get hits(): number {
    return this.#hits;
  }

  /** From now on frames pass, and those that it holds go on. Idempotent. */
  end(): void {
    this.#onEnd(this);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  /** @internal counts a frame; what to do with it if it is one of those meant */
  strike(frame: ProxyFrame): ProxyEffect | undefined {
    if (!isMeant(frame, this.#match)) return undefined;
    this.#matches++;
    if (this.#match.nth !== undefined && this.#match.nth !== this.#matches) return undefined;
    this.#hits++;
    this.#struck.resolve(frame);
    return this.#effect;
  }
}
