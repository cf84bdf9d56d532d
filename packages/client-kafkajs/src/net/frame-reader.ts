/**
 * No answer is larger: far above any fetch a client asks for, and below what the first bytes of a TLS alert (0x15030…) or
 * of "HTTP" say when they are read as a size.
 */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

const SIZE_BYTES = 4;

/**
 * Cuts a stream of chunks into frames: a size of four bytes, then as many bytes. A frame that lies inside one chunk is a
 * view of it; one that spans chunks is gathered into a single buffer of the size announced.
 */
export class FrameReader {
  readonly #onFrame: (frame: Buffer) => void;
  readonly #size = Buffer.alloc(SIZE_BYTES);
  /** Bytes of the size read so far, while the size itself was cut. */
  #sizeBytes = 0;
  /** The frame being gathered, while it is incomplete. */
  #frame: Buffer | undefined;
  #filled = 0;

  /** @param onFrame gets each frame without its size, in order */
  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  /** @throws RangeError for a size no broker announces; the stream is of no use after it */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at = this.#frame === undefined ? this.#begin(chunk, at) : this.#fill(this.#frame, chunk, at);
    }
  }

  #begin(chunk: Buffer, at: number): number {
    const start = at + SIZE_BYTES;
    if (this.#sizeBytes > 0 || start > chunk.length) return this.#beginCut(chunk, at);
    const size = checkedSize(chunk.readInt32BE(at));
    const end = start + size;
    if (end > chunk.length) {
      this.#gather(size);
      return start;
    }
    this.#onFrame(chunk.subarray(start, end));
    return end;
  }

  /** The size itself came in pieces. */
  #beginCut(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#size, this.#sizeBytes, at, at + SIZE_BYTES - this.#sizeBytes);
    this.#sizeBytes += copied;
    if (this.#sizeBytes === SIZE_BYTES) {
      this.#sizeBytes = 0;
      this.#gather(checkedSize(this.#size.readInt32BE(0)));
    }
    return at + copied;
  }

  #gather(size: number): void {
    this.#frame = Buffer.allocUnsafeSlow(size);
    this.#filled = 0;
  }

  #fill(frame: Buffer, chunk: Buffer, at: number): number {
    const copied = chunk.copy(frame, this.#filled, at);
    this.#filled += copied;
    if (this.#filled === frame.length) {
      this.#frame = undefined;
      this.#onFrame(frame);
    }
    return at + copied;
  }
}

/** Every answer holds at least the correlation id. */
function checkedSize(size: number): number {
  if (size >= SIZE_BYTES && size <= MAX_FRAME_BYTES) return size;
  throw new RangeError(`an answer of ${size} bytes was announced, which no Kafka broker sends`);
}
