import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Recorder, Signal } from '@hearken/testing';
import type { Address } from '../../dist/net/address.js';
import { FrameReader } from '../../dist/net/frame-reader.js';
import { openSocket } from '../../dist/net/open-socket.js';
import { SELF_SIGNED } from '../support/self-signed.js';

/** A frame whose every byte tells whose it is and which. */
const framed = (size: number, fill: number): Buffer => {
  const frame = Buffer.alloc(4 + size, fill);
  frame.writeInt32BE(size);
  return frame;
};

/** Small ones that share a read, large ones that span many, and sizes about where the way of reading changes. */
const SIZES = [4, 100, 5, 300_000, 16_383, 16_384, 65_532, 65_536, 6, 1_000_000, 40];

const KINDS = [
  { name: 'net', ssl: undefined, make: (onSocket: (socket: Socket) => void): Server => createServer(onSocket) },
  {
    name: 'tls',
    ssl: { ca: [SELF_SIGNED.cert] },
    make: (onSocket: (socket: Socket) => void): Server => createTlsServer(SELF_SIGNED, onSocket),
  },
];

for (const { name, ssl, make } of KINDS) {
  describe(`openSocket, ${name}`, () => {
    const servers: Server[] = [];
    const sockets: Socket[] = [];

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
      for (const server of servers.splice(0)) server.close();
    });

    async function listening(onSocket: (socket: Socket) => void): Promise<Address> {
      const server = make((socket) => {
        sockets.push(socket.on('error', () => undefined));
        onSocket(socket);
      });
      servers.push(server.listen(0, '127.0.0.1'));
      await once(server, 'listening');
      return { host: 'localhost', port: (server.address() as AddressInfo).port };
    }

    function opened(address: Address, onFrame?: (frame: Buffer, socket: Socket) => void) {
      const frames = new Recorder<Buffer>();
      const [ended, closed, garbled] = [new Signal(), new Signal(), new Signal<Error>()];
      const reader = new FrameReader((frame) => {
        frames.record(frame);
        onFrame?.(frame, socket);
      });
      const events = { onConnect: () => undefined, onGarbled: garbled.fire };
      const socket = openSocket(address, { ssl, socketFactory: undefined }, reader, events);
      sockets.push(socket.on('end', () => ended.fire()).on('close', () => closed.fire()));
      return { socket, frames, ended, closed, garbled };
    }

    it('keeps what two sockets read at a time apart', async () => {
      let connections = 0;
      const address = await listening((socket) => {
        const fill = ++connections;
        for (const size of SIZES) socket.write(framed(size, fill));
      });
      const both = [opened(address), opened(address)];
      const fills: (number | undefined)[] = [];
      for (const { frames } of both) {
        await frames.received(SIZES.length);
        fills.push(frames.items[0]?.[0]);
        assert.deepEqual(
          frames.items.map(({ length }) => length),
          SIZES,
        );
        for (const frame of frames.items) assert.ok(frame.equals(Buffer.alloc(frame.length, fills.at(-1))));
      }
      assert.deepEqual(fills.sort(), [1, 2]);
    });

    it('hears that the other side ended, also in the middle of a frame', async () => {
      for (const last of [framed(8, 1), framed(100_000, 1).subarray(0, 50_000)]) {
        const address = await listening((socket) => socket.end(last));
        const { ended, closed } = opened(address);
        await ended.wait();
        await closed.wait();
      }
    });

    it('is silent once a frame made somebody destroy it', async () => {
      const address = await listening((socket) => {
        socket.write(framed(100_000, 1));
        socket.write(framed(100_000, 2));
      });
      const { frames, closed } = opened(address, (_frame, socket) => socket.destroy());
      await closed.wait();
      assert.deepEqual(
        frames.items.map((frame) => frame[0]),
        [1],
      );
    });

    it('says that what comes is no stream of frames', async () => {
      const address = await listening((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n'));
      const { garbled } = opened(address);
      assert.ok((await garbled.wait()) instanceof RangeError);
    });
  });
}
