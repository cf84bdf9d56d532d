/**
 * No answer is larger: far above any fetch a client asks for, and below what the first bytes of a TLS alert (0x15030…) or
 * of "HTTP" say when they are read as a size.
 */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

const SIZE_BYTES = 4;

/** Where bytes are read to while it is not known what they belong to. Read and copied in one go: one serves all sockets. */
const SCRATCH = Buffer.allocUnsafeSlow(65_536);
/** With less to come of a frame, what follows it is read along. */
const LEAST_DIRECT_BYTES = 16_384;

/**
 * Cuts a stream into frames: a size of four bytes, then as many bytes. Each frame is in memory of its own, of the size
 * announced: a small one must not keep what came along with it. Large ones are read straight into theirs.
 */
export class FrameReader {
  readonly #onFrame: (frame: Buffer) => void;
  readonly #size = Buffer.alloc(SIZE_BYTES);
  /** Bytes of the size read so far. */
  #sizeBytes = 0;
  /** The frame being gathered, while it is incomplete. */
  #frame: Buffer | undefined;
  #filled = 0;

  /** @param onFrame gets each frame without its size, in order */
  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  /** Where the next bytes should be read to, to be told by `received` before anything else is read. */
  target(): Buffer {
    const frame = this.#frame;
    return frame !== undefined && frame.length - this.#filled >= LEAST_DIRECT_BYTES
      ? frame.subarray(this.#filled)
      : SCRATCH;
  }

  /**
   * So many bytes were read to where `target` said.
   * @throws RangeError for a size no broker announces; the stream is of no use after it
   */
  received(size: number, into: Uint8Array): void {
    if (into === SCRATCH) this.push(SCRATCH.subarray(0, size));
    else if (this.#frame !== undefined) this.#advance(this.#frame, size);
  }

  /** @throws RangeError as {@link received} */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at += this.#frame === undefined ? this.#begin(chunk, at) : this.#fill(this.#frame, chunk, at);
    }
  }

  /** The size may come in pieces. */
  #begin(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#size, this.#sizeBytes, at, at + SIZE_BYTES - this.#sizeBytes);
    this.#sizeBytes += copied;
    if (this.#sizeBytes === SIZE_BYTES) {
      this.#sizeBytes = 0;
      this.#filled = 0;
      this.#frame = Buffer.allocUnsafeSlow(checkedSize(this.#size.readInt32BE(0)));
    }
    return copied;
  }

  #fill(frame: Buffer, chunk: Buffer, at: number): number {
    const copied = chunk.copy(frame, this.#filled, at);
    this.#advance(frame, copied);
    return copied;
  }

  #advance(frame: Buffer, by: number): void {
    this.#filled += by;
    if (this.#filled < frame.length) return;
    this.#frame = undefined;
    this.#onFrame(frame);
  }
}

/** Every answer holds at least the correlation id. */
function checkedSize(size: number): number {
  if (size >= SIZE_BYTES && size <= MAX_FRAME_BYTES) return size;
  throw new RangeError(`an answer of ${size} bytes was announced, which no Kafka broker sends`);
}
