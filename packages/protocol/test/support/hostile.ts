import fc from 'fast-check';
import { ProtocolError } from '@hearken/protocol';

/** Runs it and lets nothing out but ProtocolError: a RangeError or TypeError means that a check is missing. */
export function onlyProtocolErrors(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

/** A few bytes of the original overwritten: lengths and counts become huge, negative or a little off. */
export const damaged = (original: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .array(fc.tuple(fc.nat(original.length - 1), fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255))), {
      minLength: 1,
      maxLength: 6,
    })
    .map((changes) => {
      const copy = Buffer.from(original);
      for (const [at, byte] of changes) copy[at] = byte;
      return copy;
    });
