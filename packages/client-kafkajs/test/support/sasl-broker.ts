import { Reader, Writer } from '@hearken/protocol';
import { ScriptedBroker, type Received } from './scripted-broker.js';

const HANDSHAKE = 17;
const AUTHENTICATE = 36;
const AUTHENTICATION_FAILED = 58;
const UNSUPPORTED_MECHANISM = 33;

/** How a broker behaves towards who logs in. */
export interface SaslScript {
  readonly mechanisms?: readonly string[];
  /** The error code of the handshake whatever the mechanism; 34 is what a listener without SASL says. */
  readonly handshakeError?: number;
  /** Milliseconds a session lasts; 0 is without end. */
  readonly sessionLifetimeMs?: number;
  /** Whether these bytes are right; undefined answers nothing. */
  readonly accepts?: (bytes: string) => boolean | undefined;
  /** What the mechanism says to the client. @default nothing */
  readonly says?: string;
}

/** A broker with SASL: the two requests in version 1, on the scripted wire. */
export async function startSaslBroker(script: SaslScript = {}): Promise<ScriptedBroker> {
  const { mechanisms = ['PLAIN'], handshakeError, sessionLifetimeMs = 0, accepts = () => true, says = '' } = script;
  const broker = await ScriptedBroker.start();
  broker.onRaw(HANDSHAKE, [0, 1], (received) => {
    const mechanism = body(received).string();
    const errorCode = handshakeError ?? (mechanisms.includes(mechanism) ? 0 : UNSUPPORTED_MECHANISM);
    return written((to) => {
      to.int16(errorCode);
      to.int32(mechanisms.length);
      for (const one of mechanisms) to.string(one);
    });
  });
  broker.onRaw(AUTHENTICATE, [0, 1], (received) => {
    const verdict = accepts(body(received).bytes().toString());
    return verdict === undefined
      ? undefined
      : written((to) => {
          to.int16(verdict ? 0 : AUTHENTICATION_FAILED);
          to.nullableString(verdict ? null : 'Invalid username or password');
          to.bytes(Buffer.from(says));
          to.int64(sessionLifetimeMs);
        });
  });
  return broker;
}

/** How often somebody logged in. */
export const loginsAt = (broker: ScriptedBroker): number =>
  broker.received.items.filter(({ apiKey }) => apiKey === AUTHENTICATE).length;

/** The body of a request with header version 1. */
function body({ frame }: Received): Reader {
  const from = new Reader(frame, 8);
  from.nullableString(); // client id
  return from;
}

function written(write: (to: Writer) => void): Buffer {
  const to = new Writer();
  write(to);
  return Buffer.concat(to.finish());
}
