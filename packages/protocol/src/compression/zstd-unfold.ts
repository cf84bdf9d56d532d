/** What we use of zstd-napi's lower half: its `decompress` takes a frame's word for its size, and has no bound. */
export interface ZstdBinding {
  readonly DCtx: new () => ZstdContext;
  readonly ResetDirective: { readonly sessionOnly: number };
}

interface ZstdContext {
  /** Returns 0 for the first where a frame ended, and what was written and read. */
  decompressStream(to: Buffer, from: Buffer): readonly [hint: number, written: number, read: number];
  /** Forgets a frame that was begun. */
  reset(directive: number): void;
}

/** How much larger a batch is assumed to be; if it is more, it takes another round. */
const USUAL_RATIO = 8;

/**
 * A function that decompresses, or throws if its input is not whole, no zstd, or more than `maxBytes`. It has one context:
 * garbage collection does not see the megabytes in one, so that thousands would lie about before it runs.
 */
export function unfolder({ DCtx, ResetDirective }: ZstdBinding): (bytes: Buffer, maxBytes: number) => Buffer {
  const context = new DCtx();
  return (bytes, maxBytes) => {
    context.reset(ResetDirective.sessionOnly);
    return unfold(context, bytes, maxBytes);
  };
}

function unfold(context: ZstdContext, bytes: Buffer, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  let hint = 1;
  for (let rest = bytes; rest.length > 0 || hint !== 0;) {
    // One byte more than allowed: if that is written too, it is too much.
    const room = Math.min(Math.max(bytes.length * USUAL_RATIO, total), maxBytes - total + 1);
    const chunk = Buffer.allocUnsafe(room);
    const [nextHint, written, read] = context.decompressStream(chunk, rest);
    if (written === 0 && read === 0) throw new Error('a zstd frame that is cut off');
    total += written;
    if (total > maxBytes) throw new Error(`it unfolds to more than ${maxBytes} bytes`);
    chunks.push(chunk.subarray(0, written));
    rest = rest.subarray(read);
    hint = nextHint;
  }
  return Buffer.concat(chunks, total);
}
