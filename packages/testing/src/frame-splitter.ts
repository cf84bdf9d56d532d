/** Cuts a stream into Kafka's frames: a size of four bytes, then as many bytes. Frames keep their size in front. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes it takes to know more: a size, or the frame it announced. */
  #needed = 4;

  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    const frames: Buffer[] = [];
    let rest = Buffer.concat(this.#chunks);
    for (this.#needed = sizeOf(rest); this.#needed <= rest.length; this.#needed = sizeOf(rest)) {
      frames.push(rest.subarray(0, this.#needed));
      rest = rest.subarray(this.#needed);
    }
    this.#chunks = [rest];
    this.#length = rest.length;
    return frames;
  }
}

/** Of the frame that begins here, its size included; of a size that is cut itself, the size. */
const sizeOf = (bytes: Buffer): number => (bytes.length < 4 ? 4 : 4 + bytes.readUInt32BE(0));
