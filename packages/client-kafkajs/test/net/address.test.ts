import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressProblem, formatAddress, parseAddress } from '../../dist/net/address.js';

describe('addresses', () => {
  const good: Record<string, { host: string; port: number }> = {
    'localhost:9092': { host: 'localhost', port: 9092 },
    '127.0.0.1:1': { host: '127.0.0.1', port: 1 },
    '[::1]:9092': { host: '::1', port: 9092 },
    '[fe80::1%eth0]:65535': { host: 'fe80::1%eth0', port: 65_535 },
    'b-1.msk.example.com:9098': { host: 'b-1.msk.example.com', port: 9098 },
  };
  for (const [text, address] of Object.entries(good)) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseAddress(text), address);
      assert.equal(formatAddress(address), text);
      assert.equal(addressProblem(text), undefined);
    });
  }

  for (const text of [
    '',
    'localhost',
    'localhost:',
    ':9092',
    'localhost:0',
    'localhost:65536',
    'a:b:1',
    '::1:9092',
    'a b:1',
  ]) {
    it(`refuses '${text}'`, () => {
      assert.equal(parseAddress(text), undefined);
      assert.match(addressProblem(text) ?? '', /must hold addresses like 'localhost:9092'/);
    });
  }

  it('says what to do about a listener name', () => {
    assert.match(addressProblem('SASL_SSL://broker:9093') ?? '', /leave out the listener name/);
  });

  it('reads back what it formats', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        assert.deepEqual(parseAddress(formatAddress({ host: name, port })), { host: name, port });
      }),
    );
  });
});
