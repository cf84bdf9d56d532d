import { KafkaConnectionError } from '../errors.js';
import { formatAddress, type Address } from './address.js';

/** What is known of a connection when it fails. */
export interface ConnectionContext {
  readonly address: Address;
  readonly tls: boolean;
  readonly sasl: boolean;
  /** How far it came: nothing yet, the socket (and TLS) stands, or it answered a request of its user. */
  readonly progress: 'connecting' | 'connected' | 'proven';
}

const CERTIFICATE_HINTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed: pass it, or the authority that signed it, as ssl.ca',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is signed by an authority this machine does not know: pass that as ssl.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by an authority this machine does not know: pass that as ssl.ca',
  UNABLE_TO_GET_ISSUER_CERT:
    'its certificate is signed by an authority this machine does not know: pass that as ssl.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is signed by an authority this machine does not know: pass that as ssl.ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: use that name in brokers, or set ssl.servername',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is this clock right?',
};

const NOBODY_ANSWERED = 'nobody answered: is it the right address, and does a firewall let it through?';

const SOCKET_HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the broker running, and is this its address?',
  ENOTFOUND: 'the host name is unknown: is it spelt right?',
  EAI_AGAIN: 'the host name could not be looked up: is there a network?',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: NOBODY_ANSWERED,
};

/** Makes what a socket reported into an error that says what to do. */
export function socketFailure(cause: Error, context: ConnectionContext): KafkaConnectionError {
  if (context.progress === 'proven') return closedByPeer(context, cause); // TLS too: what worked is set up well
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const hint = CERTIFICATE_HINTS[code] ?? alertHint(code);
  if (hint !== undefined) return failure('TLS_FAILED', context, hint, cause);
  if (context.progress !== 'connecting' || code === 'ECONNRESET') return closedByPeer(context, cause);
  return failure('CONNECTION_FAILED', context, SOCKET_HINTS[code] ?? cause.message, cause);
}

/** The other end closed the connection. */
export function closedByPeer(context: ConnectionContext, cause?: Error): KafkaConnectionError {
  switch (context.progress) {
    case 'connecting':
      return failure('CONNECTION_FAILED', context, `it closed the connection at once${tlsHint(context)}`, cause);
    case 'connected':
      return failure(
        'CONNECTION_CLOSED',
        context,
        `it closed the connection and answered nothing: ${protocolHint(context)}`,
        cause,
      );
    case 'proven':
      return failure('CONNECTION_CLOSED', context, 'the connection was closed', cause);
  }
}

/** What came over the connection is not Kafka's protocol. */
export const garbled = (context: ConnectionContext, what: string): KafkaConnectionError =>
  failure('INVALID_RESPONSE', context, what);

export const connectTimedOut = (context: ConnectionContext, timeoutMs: number): KafkaConnectionError =>
  failure('CONNECTION_FAILED', context, `no connection within ${timeoutMs} ms: ${NOBODY_ANSWERED}`);

function failure(
  code: KafkaConnectionError['code'],
  { address }: ConnectionContext,
  message: string,
  cause?: Error,
): KafkaConnectionError {
  return new KafkaConnectionError(`${formatAddress(address)}: ${message}`, { code, cause });
}

/** TLS alerts and garbage in place of TLS; ERR_SSL_… are OpenSSL's own. */
function alertHint(code: string): string | undefined {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'it does not speak TLS: leave out ssl, or use its TLS port';
  if (code.startsWith('ERR_SSL_') && code.includes('ALERT'))
    return 'it refused the TLS handshake: does it ask for a client certificate (ssl.cert, ssl.key)?';
  return code.startsWith('ERR_SSL_') || code === 'EPROTO' ? 'TLS failed' : undefined;
}

const tlsHint = ({ tls }: ConnectionContext): string =>
  tls ? ', during the TLS handshake: is it a listener without TLS (leave out ssl)?' : '';

function protocolHint({ tls, sasl }: ConnectionContext): string {
  if (tls && sasl) return 'does the listener take SASL, with these credentials?';
  if (tls) return 'is it a SASL listener (set sasl)?';
  return sasl ? 'is it a TLS listener (set ssl)?' : 'is it a TLS or SASL listener (set ssl or sasl)?';
}
