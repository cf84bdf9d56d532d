/** Kafka's `socket.request.max.bytes`. */
const MAX_FRAME_BYTES = 100 * 1024 * 1024;
/** API key, version and correlation id: what every request begins with. */
const MIN_FRAME_BYTES = 8;
const SIZE_BYTES = 4;

/**
 * Cuts a stream of chunks into frames, one when asked for one. A frame inside one chunk is a view of it; one that spans
 * chunks is joined once it is whole, so memory is never taken for bytes that were only announced.
 */
export class FrameReader {
  readonly #chunks: Buffer[] = [];
  /** Where in the first chunk the next unread byte stands. */
  #at = 0;
  #bufferedBytes = 0;
  /** Bytes that `next` needs: those of the size, or of the frame once its size is known. */
  #wantedBytes = SIZE_BYTES;
  #state: 'size' | 'frame' = 'size';

  /** Bytes that came and were not taken as frames. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
  }

  /**
   * The next frame without its size; undefined until it is whole.
   * @throws RangeError for a size no request has; the stream is of no use after it
   */
  next(): Buffer | undefined {
    if (this.#state === 'size' && this.#bufferedBytes >= SIZE_BYTES) {
      this.#wantedBytes = checkedSize(this.#take(SIZE_BYTES).readInt32BE(0));
      this.#state = 'frame';
    }
    if (this.#state === 'size' || this.#bufferedBytes < this.#wantedBytes) return undefined;
    const frame = this.#take(this.#wantedBytes);
    this.#state = 'size';
    return frame;
  }

  /** @param size no more than is buffered */
  #take(size: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length - this.#at >= size) {
      const taken = first.subarray(this.#at, this.#at + size);
      this.#advance(first, size);
      return taken;
    }
    const joined = Buffer.allocUnsafe(size);
    let filled = 0;
    for (let chunk = first; filled < size && chunk !== undefined; [chunk] = this.#chunks) {
      const copied = chunk.copy(joined, filled, this.#at, this.#at + size - filled);
      filled += copied;
      this.#advance(chunk, copied);
    }
    return joined;
  }

  #advance(first: Buffer, size: number): void {
    this.#bufferedBytes -= size;
    this.#at += size;
    if (this.#at < first.length) return;
    this.#chunks.shift();
    this.#at = 0;
  }
}

function checkedSize(size: number): number {
  if (size >= MIN_FRAME_BYTES && size <= MAX_FRAME_BYTES) return size;
  throw new RangeError(`a request of ${size} bytes was announced, outside ${MIN_FRAME_BYTES} to ${MAX_FRAME_BYTES}`);
}
