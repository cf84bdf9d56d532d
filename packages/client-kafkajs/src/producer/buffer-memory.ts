import { Fifo } from './fifo.js';

/** What waits for room. */
export interface RoomRequest {
  readonly sizeBytes: number;
}

/** Bounds the bytes of records that are not settled. Who finds no room waits; nobody overtakes. */
export class BufferMemory<T extends RoomRequest> {
  readonly #limitBytes: number;
  readonly #onRoom: (request: T) => void;
  readonly #waiting = new Fifo<T>();
  #usedBytes = 0;

  /** @param onRoom called for a request that waited, in order, when it has got its room */
  constructor(limitBytes: number, onRoom: (request: T) => void) {
    this.#limitBytes = limitBytes;
    this.#onRoom = onRoom;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** The request that has waited longest. */
  get first(): T | undefined {
    return this.#waiting.peek();
  }

  /** True: the room is taken. False: it will be, and `onRoom` called. */
  takeOrWait(request: T): boolean {
    if (this.#waiting.size === 0 && this.#take(request)) return true;
    this.#waiting.push(request);
    return false;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#admit();
  }

  /** Removes the request that has waited longest; it gets no room. */
  giveUpFirst(): T | undefined {
    const request = this.#waiting.shift();
    this.#admit(); // a smaller one behind it may fit
    return request;
  }

  #admit(): void {
    for (let next = this.#waiting.peek(); next !== undefined && this.#take(next); next = this.#waiting.peek()) {
      this.#waiting.shift();
      this.#onRoom(next);
    }
  }

  #take({ sizeBytes }: T): boolean {
    if (this.#usedBytes + sizeBytes > this.#limitBytes) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }
}
