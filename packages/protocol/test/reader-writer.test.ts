import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ProtocolError, Reader, Writer } from '@hearken/protocol';
import { onlyProtocolErrors } from './support/hostile.js';

function written(write: (to: Writer) => void, flexible = false): Buffer {
  const to = new Writer();
  to.flexible = flexible;
  write(to);
  return Buffer.concat(to.finish());
}

function reader(bytes: Buffer | string, flexible = false): Reader {
  const from = new Reader(typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : bytes);
  from.flexible = flexible;
  return from;
}

type Verb = 'int8' | 'int16' | 'int32' | 'uint32' | 'int64' | 'float64' | 'uvarint' | 'varint' | 'varlong';

describe('Reader and Writer', () => {
  // Bytes worked out by hand from Kafka's protocol guide.
  const numbers: [verb: Verb, value: number, hex: string][] = [
    ['int8', -1, 'ff'],
    ['int8', 127, '7f'],
    ['int16', -2, 'fffe'],
    ['int16', 32767, '7fff'],
    ['int32', -2147483648, '80000000'],
    ['int32', 258, '00000102'],
    ['uint32', 4294967295, 'ffffffff'],
    ['int64', -1, 'ffffffffffffffff'],
    ['int64', -2, 'fffffffffffffffe'],
    ['int64', 4294967296, '0000000100000000'],
    ['int64', Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
    ['int64', Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
    ['float64', 1.5, '3ff8000000000000'],
    ['uvarint', 0, '00'],
    ['uvarint', 127, '7f'],
    ['uvarint', 128, '8001'],
    ['uvarint', 300, 'ac02'],
    ['uvarint', 4294967295, 'ffffffff0f'],
    ['varint', -1, '01'],
    ['varint', 1, '02'],
    ['varint', -64, '7f'],
    ['varint', 64, '8001'],
    ['varint', 2147483647, 'feffffff0f'],
    ['varint', -2147483648, 'ffffffff0f'],
    ['varlong', 0, '00'],
    ['varlong', -1, '01'],
    ['varlong', Number.MAX_SAFE_INTEGER, 'feffffffffffff1f'],
    ['varlong', Number.MIN_SAFE_INTEGER, 'fdffffffffffff1f'],
  ];
  for (const [verb, value, hex] of numbers) {
    it(`${verb} ${value} is ${hex}`, () => {
      assert.equal(written((to) => to[verb](value)).toString('hex'), hex);
      const from = reader(hex);
      assert.equal(from[verb](), value);
      assert.equal(from.remaining, 0);
    });
  }

  const tooLarge: [verb: Verb, value: number][] = [
    ['int8', 128],
    ['int16', 32768],
    ['int32', 2147483648],
    ['int32', 0.5],
    ['int32', NaN],
    ['uint32', -1],
    ['int64', 2 ** 53],
    ['int64', 0.5],
    ['uvarint', -1],
    ['uvarint', 2 ** 32],
    ['varint', 2 ** 31],
    ['varlong', 2 ** 53],
  ];
  for (const [verb, value] of tooLarge) {
    it(`${value} does not fit ${verb}`, () => {
      assert.throws(() => written((to) => to[verb](value)), { name: 'ProtocolError', code: 'OUT_OF_RANGE' });
    });
  }

  const unreadable: [name: string, hex: string, read: (from: Reader) => unknown, code: string][] = [
    ['an int64 of 2^53', '0020000000000000', (from) => from.int64(), 'OUT_OF_RANGE'],
    ['an int64 of -2^53', 'ffe0000000000000', (from) => from.int64(), 'OUT_OF_RANGE'],
    ['a varlong of 2^53', '8080808080808020', (from) => from.varlong(), 'OUT_OF_RANGE'],
    ['a uvarint of 33 bits', 'ffffffff1f', (from) => from.uvarint(), 'MALFORMED'],
    ['a uvarint without end', 'ffffffffffffffffffffffff', (from) => from.uvarint(), 'MALFORMED'],
    ['a varlong without end', 'ffffffffffffffffffffffff', (from) => from.varlong(), 'MALFORMED'],
    ['a null string where one must stand', 'ffff', (from) => from.string(), 'MALFORMED'],
    ['a string of -2 bytes', 'fffe', (from) => from.nullableString(), 'MALFORMED'],
    ['a string longer than the message', '000461', (from) => from.string(), 'MALFORMED'],
    ['null bytes where some must stand', 'ffffffff', (from) => from.bytes(), 'MALFORMED'],
    ['bytes of -2 bytes', 'fffffffe', (from) => from.nullableBytes(), 'MALFORMED'],
    ['two gigabytes of bytes', '7fffffff00', (from) => from.bytes(), 'MALFORMED'],
    ['a null array where one must stand', 'ffffffff', (from) => from.array(() => 0), 'MALFORMED'],
    ['an array of -2 elements', 'fffffffe', (from) => from.nullableArray(() => 0), 'MALFORMED'],
    ['an array of more elements than bytes', '00000002ff', (from) => from.array(() => from.int8()), 'MALFORMED'],
    ['two billion elements of nothing', '7fffffff', (from) => from.array(() => 0), 'MALFORMED'],
  ];
  for (const [name, hex, read, code] of unreadable) {
    it(`${name} is refused`, () => {
      assert.throws(() => read(reader(hex)), { name: 'ProtocolError', code });
    });
  }

  for (const flexible of [false, true]) {
    const form = flexible ? 'compact' : 'classic';
    it(`${form} strings, bytes and arrays come back, null and empty ones too`, () => {
      const texts = fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 300 })));
      const blobs = fc.option(fc.array(fc.option(fc.uint8Array({ maxLength: 2000 }).map((a) => Buffer.from(a)))));
      fc.assert(
        fc.property(texts, blobs, (strings, buffers) => {
          const bytes = written((to) => {
            to.array(strings, (value) => to.nullableString(value));
            to.nullableArray(buffers, (value) => to.nullableBytes(value));
            to.tags();
          }, flexible);
          const from = reader(bytes, flexible);
          assert.deepEqual(
            from.array(() => from.nullableString()),
            strings,
          );
          assert.deepEqual(
            from.nullableArray(() => from.nullableBytes()),
            buffers,
          );
          from.tags();
          assert.equal(from.remaining, 0);
        }),
      );
    });
  }

  it('compact forms are one more than the length, with zero for null', () => {
    assert.equal(written((to) => to.string('ab'), true).toString('hex'), '036162');
    assert.equal(written((to) => to.nullableString(null), true).toString('hex'), '00');
    assert.equal(written((to) => to.nullableBytes(null), true).toString('hex'), '00');
    assert.equal(written((to) => to.array([], () => undefined), true).toString('hex'), '01');
    assert.equal(written((to) => to.tags(), true).toString('hex'), '00');
    assert.equal(written((to) => to.tags()).length, 0);
  });

  it('a uuid is 22 characters of base64url, as Kafka prints it', () => {
    const id = 'jcspfdmoRaOxBaxfhnDHEQ';
    assert.equal(reader(written((to) => to.uuid(id))).uuid(), id);
    for (const bad of ['', 'short', `${id}x`, '**********************']) {
      assert.throws(() => written((to) => to.uuid(bad)), { code: 'OUT_OF_RANGE' });
    }
  });

  it('a string has at most 32767 bytes', () => {
    const longest = 'x'.repeat(32767);
    assert.equal(reader(written((to) => to.string(longest))).string(), longest);
    assert.throws(() => written((to) => to.string('é'.repeat(16384))), { code: 'OUT_OF_RANGE' });
  });

  it('tagged fields are skipped whatever they hold', () => {
    const from = reader(Buffer.from('02' + '0003010203' + 'e807' + '01ff' + '2a', 'hex'), true);
    from.tags();
    assert.equal(from.int8(), 0x2a);
    assert.throws(() => reader('0100ff', true).tags(), { code: 'MALFORMED' });
    assert.throws(() => reader('ffffffff0f', true).tags(), { code: 'MALFORMED' });
  });

  it('reads a part of a buffer and nothing beyond it', () => {
    const from = new Reader(Buffer.from([1, 2, 3, 4]), 1, 3);
    assert.deepEqual([from.offset, from.remaining, from.int8(), from.int8()], [1, 2, 2, 3]);
    assert.throws(() => from.int8(), ProtocolError);
  });

  it('bytes are slices of the frame', () => {
    const frame = Buffer.from('00000002aabb', 'hex');
    const slice = reader(frame).bytes();
    frame[4] = 0;
    assert.equal(slice[0], 0);
  });

  it('large buffers are spliced in, not copied, wherever they stand', () => {
    const large = [Buffer.alloc(1000, 1), Buffer.alloc(5000, 2)];
    const to = new Writer();
    to.int32(7);
    to.splice(large[0]!);
    to.splice(large[1]!);
    to.int8(9);
    const chunks = to.finish();
    assert.deepEqual(
      [chunks[0]!.length, chunks[1] === large[0], chunks[2] === large[1], chunks[3]!.length],
      [4, true, true, 1],
    );
  });

  it('grows as needed and keeps everything in order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.uint8Array({ maxLength: 1500 }))), fc.nat(20), (parts, hint) => {
        const to = new Writer(hint);
        for (const part of parts) {
          if (typeof part === 'number') to.int32(part);
          else to.splice(Buffer.from(part));
        }
        const expected = parts.map((part) => {
          if (typeof part !== 'number') return Buffer.from(part);
          const four = Buffer.alloc(4);
          four.writeInt32BE(part);
          return four;
        });
        assert.deepEqual(Buffer.concat(to.finish()), Buffer.concat(expected));
      }),
    );
  });

  it('any bytes read as anything are a value or a ProtocolError', () => {
    const verbs = [
      'int8', 'int16', 'peekInt16', 'int32', 'uint32', 'int64', 'float64', 'boolean', 'uvarint', 'varint', 'varlong',
      'uuid', 'string', 'nullableString', 'bytes', 'nullableBytes', 'tags',
    ] as const; // prettier-ignore
    const input = [fc.uint8Array({ maxLength: 40 }), fc.array(fc.constantFrom(...verbs)), fc.boolean()] as const;
    fc.assert(
      fc.property(...input, (bytes, calls, flexible) => {
        const from = reader(Buffer.from(bytes), flexible);
        onlyProtocolErrors(() => calls.forEach((verb) => from[verb]()));
        assert.ok(from.remaining >= 0);
      }),
      { numRuns: 2000 },
    );
  });
});
