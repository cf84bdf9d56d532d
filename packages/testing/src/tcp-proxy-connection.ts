import { connect, type Socket } from 'node:net';
import type { ProxyEffect } from './tcp-proxy-fault.js';
import type { ProxyDirection, ProxyFrame } from './tcp-proxy-frame.js';
import { ProxyPipe } from './tcp-proxy-pipe.js';
import { FrameSplitter } from './frame-splitter.js';

/** What a connection is for. */
export interface ProxyRoute {
  readonly broker: string;
  readonly connection: number;
  /** False where nothing can be told from the bytes, as over TLS. */
  readonly isKafka: boolean;
}

/** A request that was passed on and not answered yet. */
interface Asked {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** How often the broker got it, and how often it answered. */
  copies: number;
  answers: number;
}

/** A client's connection and the one made to its broker for it. */
export class ProxyConnection {
  readonly broker: Socket;
  readonly client: Socket;
  readonly route: ProxyRoute;
  readonly #strike: (frame: ProxyFrame) => ProxyEffect | undefined;
  readonly #asked = new Map<number, Asked>();

  constructor(client: Socket, route: ProxyRoute, strike: (frame: ProxyFrame) => ProxyEffect | undefined) {
    this.client = client;
    this.route = route;
    this.#strike = strike;
    const colon = route.broker.lastIndexOf(':');
    this.broker = connect(Number(route.broker.slice(colon + 1)), route.broker.slice(0, colon));
    this.#join('request', client, this.broker);
    this.#join('response', this.broker, client);
  }

  /** Whether either side still stands: a fault may keep the end of one from the other. */
  get isOpen(): boolean {
    return !(this.client.closed && this.broker.closed);
  }

  destroy(): void {
    this.client.destroy();
    this.broker.destroy();
  }

  #join(direction: ProxyDirection, from: Socket, to: Socket): void {
    const pipe = new ProxyPipe(from, to);
    const splitter = new FrameSplitter();
    const take = (bytes: Buffer): void => {
      const frame = this.#describe(direction, bytes);
      if (direction === 'response' && this.#isRepeated(frame)) return;
      const effect = this.#strike(frame);
      if (direction === 'request') this.#remember(frame, effect);
      pipe.push(frame, effect);
    };
    from.on('data', (chunk: Buffer) => (this.route.isKafka ? splitter.push(chunk) : [chunk]).forEach(take));
    from.on('error', () => from.destroy()); // a broken connection is what this is for: its close says it
    from.on('close', () => take(Buffer.alloc(0)));
  }

  #describe(direction: ProxyDirection, bytes: Buffer): ProxyFrame {
    const { broker, connection, isKafka } = this.route;
    const at = { direction, broker, connection, bytes };
    if (!isKafka || bytes.length === 0) return at;
    if (direction === 'request') {
      if (bytes.length < 12) return at; // no request of Kafka's
      return {
        ...at,
        apiKey: bytes.readInt16BE(4),
        apiVersion: bytes.readInt16BE(6),
        correlationId: bytes.readInt32BE(8),
      };
    }
    if (bytes.length < 8) return at;
    const correlationId = bytes.readInt32BE(4);
    const asked = this.#asked.get(correlationId);
    return { ...at, correlationId, ...(asked && { apiKey: asked.apiKey, apiVersion: asked.apiVersion }) };
  }

  #remember({ apiKey, apiVersion, correlationId }: ProxyFrame, effect: ProxyEffect | undefined): void {
    if (effect?.kind === 'swallow' || apiKey === undefined || apiVersion === undefined || correlationId === undefined)
      return;
    this.#asked.set(correlationId, { apiKey, apiVersion, copies: effect?.kind === 'duplicate' ? 2 : 1, answers: 0 });
  }

  /** A request that was doubled on its way is answered twice; its client asked once. */
  #isRepeated({ correlationId = -1 }: ProxyFrame): boolean {
    const asked = this.#asked.get(correlationId);
    if (asked === undefined) return false;
    asked.answers++;
    if (asked.answers === asked.copies) this.#asked.delete(correlationId);
    return asked.answers > 1;
  }
}
