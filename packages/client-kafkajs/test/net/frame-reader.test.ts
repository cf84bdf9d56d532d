import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameReader, MAX_FRAME_BYTES } from '../../dist/net/frame-reader.js';

function setup() {
  const frames: Buffer[] = [];
  return { frames, reader: new FrameReader((frame) => frames.push(frame)) };
}

function framed(...bodies: readonly Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(body.length);
      return [size, body];
    }),
  );
}

const BODIES = [Buffer.from('abcd'), Buffer.from('a longer one'), Buffer.from('12345')];

describe('FrameReader', () => {
  it('reads frames cut at every byte', () => {
    const stream = framed(...BODIES);
    for (let cut = 0; cut <= stream.length; cut++) {
      const { frames, reader } = setup();
      reader.push(stream.subarray(0, cut));
      reader.push(stream.subarray(cut));
      assert.deepEqual(frames, BODIES, `cut at ${cut}`);
    }
  });

  it('reads frames that come byte by byte', () => {
    const { frames, reader } = setup();
    for (const byte of framed(...BODIES)) reader.push(Buffer.from([byte]));
    assert.deepEqual(frames, BODIES);
  });

  it('gives the same frames however the stream is cut', () => {
    const body = fc.uint8Array({ minLength: 4, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(body, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 120 })), (bodies, sizes) => {
        const { frames, reader } = setup();
        let rest = framed(...bodies);
        for (const size of sizes) {
          reader.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        reader.push(rest);
        assert.deepEqual(frames, bodies);
      }),
    );
  });

  it('keeps no more than the frame itself of what came with it', () => {
    const { frames, reader } = setup();
    const chunk = framed(...BODIES);
    reader.push(chunk);
    chunk.fill(0);
    assert.deepEqual(frames, BODIES);
    for (const frame of frames) assert.equal(frame.buffer.byteLength, frame.length);
  });

  it('has a large frame read straight into its memory, and what follows it not', () => {
    const { frames, reader } = setup();
    const body = Buffer.alloc(100_000, 'x');
    reader.push(framed(body).subarray(0, 10));
    const target = reader.target();
    assert.equal(target.length, body.length - 6);
    body.copy(target, 0, 6);
    reader.received(90_000, target);
    assert.ok(reader.target().length < target.length, 'the end of a frame is read along with the next');
    reader.push(body.subarray(90_006));
    const [frame] = frames as [Buffer];
    assert.ok(frame.equals(body));
    assert.equal(frame.buffer, target.buffer);
  });

  it('gives the same frames however much each read brings', () => {
    const body = fc.integer({ min: 4, max: 200_000 }).map((size) => Buffer.alloc(size, String(size)));
    fc.assert(
      fc.property(fc.array(body, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 80_000 })), (bodies, sizes) => {
        const { frames, reader } = setup();
        const stream = framed(...bodies);
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const target = reader.target();
          const size = stream.copy(target, 0, at, Math.min(stream.length, at + (sizes[turn] ?? 65_536)));
          reader.received(size, target);
          at += size;
        }
        assert.equal(frames.length, bodies.length);
        frames.forEach((frame, i) => assert.ok(frame.equals(bodies[i]!)));
      }),
    );
  });

  for (const size of [-1, -2147483648, 0, 3, MAX_FRAME_BYTES + 1, 0x15030300, 0x48545450]) {
    it(`refuses a size of ${size}, in one piece and in two`, () => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(size);
      assert.throws(() => setup().reader.push(bytes), RangeError);
      const { reader } = setup();
      reader.push(bytes.subarray(0, 2));
      assert.throws(() => reader.push(bytes.subarray(2)), RangeError);
    });
  }
});
