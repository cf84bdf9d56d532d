import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameReader } from '../../dist/net/frame-reader.js';

const framed = (frame: Buffer): Buffer => {
  const size = Buffer.alloc(4);
  size.writeInt32BE(frame.length);
  return Buffer.concat([size, frame]);
};

const allOf = (reader: FrameReader): Buffer[] => {
  const frames: Buffer[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  return frames;
};

describe('FrameReader', () => {
  it('gives the frames that went in, however the stream is cut', () => {
    const frame = fc.uint8Array({ minLength: 8, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat(200)), (frames, cuts) => {
        const stream = Buffer.concat(frames.map(framed));
        const reader = new FrameReader();
        const read: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]) {
          reader.push(stream.subarray(at, cut));
          at = cut;
          read.push(...allOf(reader));
        }
        assert.deepEqual(read, frames);
        assert.equal(reader.bufferedBytes, 0);
      }),
    );
  });

  it('gives a frame inside one chunk as a view of it', () => {
    const chunk = framed(Buffer.alloc(20, 7));
    const reader = new FrameReader();
    reader.push(chunk);
    assert.equal(reader.next()?.buffer, chunk.buffer);
  });

  it('knows how many bytes are not taken yet', () => {
    const reader = new FrameReader();
    reader.push(framed(Buffer.alloc(20)).subarray(0, 15));
    assert.equal(reader.next(), undefined);
    assert.equal(reader.bufferedBytes, 11);
  });

  for (const size of [-1, 0, 7, 100 * 1024 * 1024 + 1, 0x47455420 /* "GET " */, 0x16030100 /* TLS */]) {
    it(`refuses a frame of ${size} bytes before its bytes are there`, () => {
      const reader = new FrameReader();
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(size);
      reader.push(bytes);
      assert.throws(() => reader.next(), RangeError);
    });
  }
});
