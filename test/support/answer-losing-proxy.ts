import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { KafkaOptions } from 'hearken';

/**
 * A network that loses answers: what the client sends always arrives; now and then the connection is cut in place of the
 * answer. Clients come through `socketFactory`, so the addresses that brokers tell need no change.
 */
export class AnswerLosingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #loses: (answers: number) => boolean;
  #answers = 0;
  losses = 0;

  /** @param loses asked for each piece of an answer, which are counted from 1 */
  private constructor(loses: (answers: number) => boolean) {
    this.#loses = loses;
    this.#server = createServer((client) => this.#onClient(client));
  }

  static async start(loses: (answers: number) => boolean): Promise<AnswerLosingProxy> {
    const proxy = new AnswerLosingProxy(loses);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The first line of a connection to the proxy names the broker's address. */
  readonly socketFactory: NonNullable<KafkaOptions['socketFactory']> = ({ host, port, onConnect }) => {
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write(`${host}:${port}\n`);
      onConnect();
    });
    return socket;
  };

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #onClient(client: Socket): void {
    this.#keep(client);
    client.once('data', (first: Buffer) => {
      const end = first.indexOf('\n');
      const [host = '', port = ''] = first.toString('latin1', 0, end).split(':');
      const broker = connect(Number(port), host);
      this.#keep(broker);
      broker.write(first.subarray(end + 1));
      client.pipe(broker);
      broker.on('data', (answer: Buffer) => this.#forward(answer, client, broker));
      broker.on('close', () => client.destroy());
      client.on('close', () => broker.destroy());
    });
  }

  #forward(answer: Buffer, client: Socket, broker: Socket): void {
    if (!this.#loses(++this.#answers)) {
      client.write(answer);
      return;
    }
    this.losses++;
    client.destroy();
    broker.destroy();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy()); // a cut connection is what this is for
  }
}
