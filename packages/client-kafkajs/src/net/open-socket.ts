import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { ISocketFactoryArgs } from 'kafkajs';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import type { Address } from './address.js';
import type { FrameReader } from './frame-reader.js';

export interface SocketEvents {
  readonly onConnect: () => void;
  /** What came is no stream of frames. */
  readonly onGarbled: (error: Error) => void;
}

/**
 * A socket to a broker whose bytes go to `frames`. Ours reads into the memory that they are to lie in; Node would make a
 * chunk of 64 KiB for every read, copied once more, and so many of them outside its heap make it collect all of that. One
 * that the user's `socketFactory` made brings chunks.
 */
export function openSocket(
  address: Address,
  { ssl, socketFactory }: Pick<ResolvedKafkaOptions, 'ssl' | 'socketFactory'>,
  frames: FrameReader,
  { onConnect, onGarbled }: SocketEvents,
): Socket {
  const read = (reading: () => void): void => {
    try {
      reading();
    } catch (error) {
      onGarbled(error as Error);
    }
  };
  if (socketFactory !== undefined) {
    // kafkajs types `ssl` as always there and passes undefined for none, which is how factories tell.
    const socket = socketFactory({ ...address, ssl, onConnect } as ISocketFactoryArgs);
    socket.on('data', (chunk: Buffer) => read(() => frames.push(chunk)));
    return socket;
  }
  const onread: OnReadOpts = {
    buffer: () => frames.target(),
    callback: (size, into) => {
      read(() => frames.received(size, into));
      return true;
    },
  };
  if (ssl === undefined) return connectTcp({ ...address, onread }, onConnect);
  const servername = isIP(address.host) === 0 ? { servername: address.host } : {};
  const options: ConnectionOptions = { ...address, ...servername, ...ssl };
  return connectTls(Object.assign(options, { onread }), onConnect);
}
