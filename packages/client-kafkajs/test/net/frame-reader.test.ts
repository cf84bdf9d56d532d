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

  it('does not copy a frame that lies inside one chunk', () => {
    const { frames, reader } = setup();
    const chunk = framed(...BODIES);
    reader.push(chunk);
    chunk[4] = 0x7a;
    assert.equal(frames[0]?.toString(), 'zbcd');
  });

  it('gathers a large frame into one buffer of its size', () => {
    const { frames, reader } = setup();
    const body = Buffer.alloc(1_000_000, 'x');
    const stream = framed(body);
    for (let at = 0; at < stream.length; at += 65_536) reader.push(stream.subarray(at, at + 65_536));
    const [frame] = frames as [Buffer];
    assert.ok(frame.equals(body));
    assert.equal(frame.buffer.byteLength, body.length);
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
