import { once } from 'node:events';
import { connect, createServer, isIP, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { systemClock, type Clock } from '@hearken/core';
import { ProxyConnection } from './tcp-proxy-connection.js';
import { ProxyFault, type ProxyEffect } from './tcp-proxy-fault.js';
import type { FrameMatch, ProxyDirection, ProxyFrame } from './tcp-proxy-frame.js';

/** What a client's `socketFactory` is called with: kafkajs' shape, which Hearken's `KafkaOptions` share. */
export interface ProxiedSocket {
  readonly host: string;
  readonly port: number;
  readonly ssl?: ConnectionOptions | undefined;
  readonly onConnect: () => void;
}

/** What went through a proxy in one direction, or was to go. */
export interface ProxyTraffic {
  readonly frames: number;
  readonly bytes: number;
}

/**
 * A bad network on loopback, between clients and any number of brokers. Clients get its `socketFactory`: every connection
 * they make runs through the proxy to the address they meant, so the addresses that brokers tell need no change.
 *
 * Without a fault it changes nothing. Faults are set on frames (requests and responses) and stay in force until their
 * `end()`; of several for one frame, the one that was set first has its way:
 *
 * ```ts
 * await using proxy = await TcpProxy.start();
 * const factory = new DefaultKafkaProducerFactory({ brokers, socketFactory: proxy.socketFactory });
 * const lost = proxy.cut({ api: 'Produce', direction: 'response', nth: 3 }); // written, but its sender never hears of it
 * ...
 * await lost.struck;
 * ```
 */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #connections = new Set<ProxyConnection>();
  readonly #unrouted = new Set<Socket>();
  readonly #faults = new Set<ProxyFault>();
  readonly #traffic = { request: { frames: 0, bytes: 0 }, response: { frames: 0, bytes: 0 } };
  #accepted = 0;

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param options.clock measures what `delay` waits. @default the system's */
  static async start({ clock = systemClock }: { readonly clock?: Clock } = {}): Promise<TcpProxy> {
    const proxy = new TcpProxy(clock);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** For a client's option of this name. Over TLS connections can be cut, held and counted, but not told by API. */
  readonly socketFactory = ({ host, port, ssl, onConnect }: ProxiedSocket): Socket => {
    const { port: own } = this.#server.address() as AddressInfo;
    const route = `${host}:${port} ${ssl ? 'tls' : 'kafka'}\n`;
    const socket = connect({ port: own, host: '127.0.0.1', noDelay: true }, ssl ? undefined : onConnect);
    socket.write(route);
    return ssl
      ? connectTls({ socket, host, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
      : socket;
  };

  /** How many connections stand now, at either end. */
  get connections(): number {
    return this.#connections.size;
  }

  /** What came so far, also what a fault kept from its destination. */
  traffic(direction: ProxyDirection): ProxyTraffic {
    return { ...this.#traffic[direction] };
  }

  /** Resolves with the next frame meant, when it comes: before any fault had its way with it. */
  async awaitFrame(match: FrameMatch = {}): Promise<ProxyFrame> {
    using watch = this.#fault(match, { kind: 'watch' });
    return await watch.struck;
  }

  /**
   * They vanish; the connection stands. With `{}` nothing passes and neither end hears that the other is gone: a
   * half-open connection.
   */
  swallow(match: FrameMatch): ProxyFault {
    return this.#fault(match, { kind: 'swallow' });
  }

  /** They arrive twice in a row. The broker's second answer to a request that came twice is kept from the client. */
  duplicate(match: FrameMatch): ProxyFault {
    return this.#fault(match, { kind: 'duplicate' });
  }

  /** They wait until the fault is ended, and with them what comes behind them in their direction of their connection. */
  hold(match: FrameMatch): ProxyFault {
    const held: (() => void)[] = [];
    return this.#fault(match, { kind: 'wait', start: (release) => held.push(release) }, () => {
      for (const release of held.splice(0)) release();
    });
  }

  /** They come later by so much, in their order. The end of the fault does not hurry what is on its way. */
  delay(match: FrameMatch, delayMs: number): ProxyFault {
    return this.#fault(match, {
      kind: 'wait',
      start: (release) => this.#clock.setTimer(release, delayMs, { keepAlive: false }),
    });
  }

  /**
   * Their connection is cut in their place, on both sides.
   * @param options.afterBytes how many of the frame's bytes arrive first. @default 0
   */
  cut(match: FrameMatch, { afterBytes = 0 }: { readonly afterBytes?: number } = {}): ProxyFault {
    return this.#fault(match, { kind: 'cut', afterBytes });
  }

  /** Cuts what is open now, at once: every connection, or those to one broker (`host:port`). */
  disconnect(broker?: string): void {
    for (const connection of this.#connections) {
      if (broker === undefined || connection.route.broker === broker) connection.destroy();
    }
  }

  /** Cuts every connection and takes no more. Idempotent. */
  async stop(): Promise<void> {
    this.#faults.clear();
    this.disconnect();
    for (const socket of this.#unrouted) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #fault(match: FrameMatch, effect: ProxyEffect, onEnd: () => void = () => undefined): ProxyFault {
    const fault = new ProxyFault(match, effect, (ended) => {
      this.#faults.delete(ended);
      onEnd();
    });
    this.#faults.add(fault);
    return fault;
  }

  /** The first line of a connection says where it is to lead; over loopback its one write arrives as one piece. */
  #accept(client: Socket): void {
    this.#unrouted.add(client);
    client.on('error', () => client.destroy());
    client.on('close', () => this.#unrouted.delete(client));
    client.once('data', (first: Buffer) => {
      client.pause();
      this.#unrouted.delete(client);
      const end = first.indexOf('\n');
      const [broker = '', kind] = first.toString('latin1', 0, end).split(' ');
      this.#connect(client, broker, kind === 'kafka');
      if (end + 1 < first.length) client.unshift(first.subarray(end + 1));
      client.resume();
    });
  }

  #connect(client: Socket, broker: string, isKafka: boolean): void {
    const route = { broker, connection: ++this.#accepted, isKafka };
    const connection = new ProxyConnection(client, route, (frame) => this.#strike(frame));
    this.#connections.add(connection);
    for (const side of [client, connection.broker]) {
      side.once('close', () => {
        if (!connection.isOpen) this.#connections.delete(connection);
      });
    }
  }

  #strike(frame: ProxyFrame): ProxyEffect | undefined {
    const traffic = this.#traffic[frame.direction];
    if (frame.bytes.length > 0) traffic.frames++;
    traffic.bytes += frame.bytes.length;
    const effects = Array.from(this.#faults, (fault) => fault.strike(frame));
    return effects.find((effect) => effect !== undefined && effect.kind !== 'watch');
  }
}
