import assert from 'node:assert/strict';
import {
  closedByPeer,
  connectTimedOut,
  socketFailure,
  type ConnectionContext,
} from '../../dist/net/connection-failure.js';

const context = (changes: Partial<ConnectionContext> = {}): ConnectionContext => ({
  address: { host: 'kafka.example', port: 9093 },
  tls: false,
  sasl: false,
  progress: 'connecting',
  ...changes,
});

const coded = (code: string): Error => Object.assign(new Error(`it says ${code}`), { code });

describe('why a connection failed', () => {
  const cases: [code: string, changes: Partial<ConnectionContext>, ours: string, hint: RegExp][] = [
    ['ECONNREFUSED', {}, 'CONNECTION_FAILED', /nothing listens there/],
    ['ENOTFOUND', {}, 'CONNECTION_FAILED', /is it spelt right/],
    ['EAI_AGAIN', {}, 'CONNECTION_FAILED', /could not be looked up/],
    ['ETIMEDOUT', {}, 'CONNECTION_FAILED', /firewall/],
    ['EHOSTUNREACH', {}, 'CONNECTION_FAILED', /no route/],
    ['ESOMETHING', {}, 'CONNECTION_FAILED', /it says ESOMETHING/],
    ['ECONNRESET', { tls: true }, 'CONNECTION_FAILED', /listener without TLS \(leave out ssl\)/],
    ['ECONNRESET', { progress: 'connected' }, 'CONNECTION_CLOSED', /TLS or SASL listener/],
    ['ECONNRESET', { progress: 'proven' }, 'CONNECTION_CLOSED', /was closed/],
    ['EPIPE', { progress: 'proven', tls: true }, 'CONNECTION_CLOSED', /was closed/],
    ['EPROTO', { progress: 'proven', tls: true }, 'CONNECTION_CLOSED', /was closed/],
    [
      'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      { progress: 'proven', tls: true },
      'CONNECTION_CLOSED',
      /was closed/,
    ],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', { tls: true }, 'TLS_FAILED', /ssl\.ca/],
    ['SELF_SIGNED_CERT_IN_CHAIN', { tls: true }, 'TLS_FAILED', /ssl\.ca/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', { tls: true }, 'TLS_FAILED', /ssl\.ca/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', { tls: true }, 'TLS_FAILED', /ssl\.servername/],
    ['CERT_HAS_EXPIRED', { tls: true }, 'TLS_FAILED', /expired/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', { tls: true }, 'TLS_FAILED', /leave out ssl/],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      { tls: true, progress: 'connected' },
      'TLS_FAILED',
      /ssl\.cert, ssl\.key/,
    ],
    ['EPROTO', { tls: true }, 'TLS_FAILED', /TLS failed/],
  ];
  for (const [code, changes, ours, hint] of cases) {
    it(`${code} ${JSON.stringify(changes)} is ${ours}`, () => {
      const cause = coded(code);
      const error = socketFailure(cause, context(changes));
      assert.equal(error.code, ours);
      assert.match(error.message, /^kafka\.example:9093: /);
      assert.match(error.message, hint);
      assert.equal(error.cause, cause);
      assert.equal(error.retriable, ours !== 'TLS_FAILED');
    });
  }

  const hangUps: [changes: Partial<ConnectionContext>, hint: RegExp][] = [
    [{}, /set ssl or sasl/],
    [{ tls: true }, /SASL listener \(set sasl\)/],
    [{ sasl: true }, /TLS listener \(set ssl\)/],
    [{ tls: true, sasl: true }, /with these credentials/],
  ];
  for (const [changes, hint] of hangUps) {
    it(`a hang-up before any answer hints at the protocol: ${JSON.stringify(changes)}`, () => {
      assert.match(closedByPeer(context({ ...changes, progress: 'connected' })).message, hint);
    });
  }

  it('a connection that does not come about in time says how long it was waited for', () => {
    const error = connectTimedOut(context(), 3_000);
    assert.equal(error.code, 'CONNECTION_FAILED');
    assert.match(error.message, /no connection within 3000 ms: .*firewall/);
  });
});
