import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ProtocolError, Reader } from '@hearken/protocol';
import { apis, kinds, read, versionsOf, write } from '../support/apis.js';
import { messages, type MessageFixture } from '../support/fixtures.js';
import { damaged, onlyProtocolErrors } from '../support/hostile.js';
import { inventingReader } from '../support/inventing-reader.js';

const apiOf = ({ api }: MessageFixture) => apis.find(({ name }) => name === api)!;
const decode = (fixture: MessageFixture, bytes: Buffer = Buffer.from(fixture.hex, 'hex')): unknown =>
  read(apiOf(fixture), fixture.kind, fixture.version, new Reader(bytes));

/** Only what the other has too: our messages hold the defaults of fields that a version lacks. */
function pick(ours: unknown, like: unknown): unknown {
  if (Array.isArray(ours) && Array.isArray(like)) return ours.map((one, i) => pick(one, like[i]));
  if (ours === null || typeof ours !== 'object' || Buffer.isBuffer(ours)) return ours;
  return Object.fromEntries(
    Object.keys(like ?? {}).map((key) => [
      key,
      pick((ours as Record<string, unknown>)[key], (like as Record<string, unknown>)[key]),
    ]),
  );
}

describe("messages that Kafka's own code wrote", () => {
  it('cover every API, both directions, and every version that Kafka 4.1 still has', () => {
    const covered = new Set(messages.map(({ api, kind, version }) => `${api} ${kind} v${version}`));
    const missing = apis.flatMap((api) =>
      kinds.flatMap((kind) => versionsOf(api).map((version) => `${api.name} ${kind} v${version}`)),
    );
    assert.deepEqual(
      missing.filter((name) => !covered.has(name)),
      [],
    );
  });

  for (const fixture of messages) {
    const name = `${fixture.api} ${fixture.kind} v${fixture.version}${fixture.tagged ? ' with unknown tags' : ''}`;

    it(`${name} is read field by field`, () => {
      assert.deepEqual(pick(decode(fixture), fixture.fields), fixture.fields);
    });

    if (!fixture.tagged) {
      it(`${name} is written byte by byte`, () => {
        assert.equal(
          write(apiOf(fixture), fixture.kind, fixture.version, decode(fixture)).toString('hex'),
          fixture.hex,
        );
      });
    }

    it(`${name} cut short anywhere is malformed`, () => {
      const whole = Buffer.from(fixture.hex, 'hex');
      for (let cut = 0; cut < whole.length; cut++) {
        assert.throws(() => decode(fixture, whole.subarray(0, cut)), { name: 'ProtocolError', code: 'MALFORMED' });
      }
    });
  }
});

describe('messages', () => {
  for (const api of apis) {
    for (const kind of kinds) {
      it(`${api.name} ${kind} comes back as it was written, in every version`, () => {
        fc.assert(
          fc.property(fc.gen(), fc.constantFrom(...versionsOf(api)), (g, version) => {
            const value = read(api, kind, version, inventingReader(g));
            const from = new Reader(write(api, kind, version, value));
            assert.deepEqual(read(api, kind, version, from), value);
            assert.equal(from.remaining, 0);
          }),
          { numRuns: 60 },
        );
      });
    }
  }

  it('are a value or a ProtocolError, whatever bytes are wrong in them', () => {
    const large = messages.filter(({ hex }) => hex.length > 0);
    for (const fixture of large) {
      const original = Buffer.from(fixture.hex, 'hex');
      const decodes = (bytes: Buffer) => onlyProtocolErrors(() => decode(fixture, bytes));
      fc.assert(fc.property(damaged(original), decodes), { numRuns: 40 });
    }
  });

  it('refuse a version that is not spoken, in every direction', () => {
    for (const api of apis) {
      for (const version of [api.minVersion - 1, api.maxVersion + 1, NaN]) {
        for (const kind of kinds) {
          const unsupported = (error: unknown) =>
            error instanceof ProtocolError && error.code === 'UNSUPPORTED_VERSION' && error.message.includes(api.name);
          assert.throws(() => read(api, kind, version, new Reader(Buffer.alloc(64))), unsupported);
          assert.throws(() => write(api, kind, version, {}), unsupported);
        }
      }
    }
  });
});
