import type { Logger } from '@hearken/core';
import { isKafkaError } from '@hearken/core';
import type { Mechanism, SASLOptions } from 'kafkajs';
import { AuthenticationError } from '../errors.js';
import { formatAddress, type Address } from './address.js';
import { kafkajsInternals, kafkajsLogger, type KafkajsRequest, type KafkajsVersions } from './kafkajs-internals.js';

const UNSUPPORTED_SASL_MECHANISM = 33;
const ILLEGAL_SASL_STATE = 34;

interface SaslConnection {
  readonly address: Address;
  readonly sasl: SASLOptions | Mechanism;
  readonly versions: KafkajsVersions;
  readonly logger: Logger;
  /** Sends one of kafkajs' requests and gives the body of the answer. */
  exchange(request: KafkajsRequest): Promise<Buffer>;
}

/**
 * Authenticates by kafkajs' authenticator, which brings all its mechanisms and the user's own provider.
 * @returns how long the session lasts in milliseconds, 0 for without end
 * @throws AuthenticationError unless the exchange itself failed
 */
export async function authenticate({ address, sasl, versions, logger, exchange }: SaslConnection): Promise<number> {
  const shim = {
    host: address.host,
    port: address.port,
    // kafkajs writes the provider it chose, and for AWS a session token, into this object. The user's own stays untouched:
    // a view takes the writes and still shows a password that was changed since.
    sasl: Object.create(sasl) as SASLOptions | Mechanism,
    send: async (request: KafkajsRequest): Promise<unknown> => {
      const decoded = await request.response.decode(await exchange(request));
      refuseMechanism(decoded, sasl.mechanism, address);
      return request.response.parse(decoded);
    },
  };
  const { SaslAuthenticator } = kafkajsInternals();
  const authenticator = new SaslAuthenticator(shim, kafkajsLogger(logger), versions, true);
  try {
    await authenticator.authenticate();
  } catch (error) {
    throw isKafkaError(error) ? error : refused(error, sasl, address);
  }
  return Number(authenticator.sessionLifetime);
}

function refuseMechanism(decoded: unknown, mechanism: string, address: Address): void {
  const { errorCode, enabledMechanisms } = decoded as { errorCode: number; enabledMechanisms?: readonly string[] };
  if (errorCode === ILLEGAL_SASL_STATE) {
    throw new AuthenticationError(`${formatAddress(address)} is a listener without SASL: leave out sasl`, {
      code: 'UNSUPPORTED_SASL_MECHANISM',
    });
  }
  if (errorCode !== UNSUPPORTED_SASL_MECHANISM) return;
  throw new AuthenticationError(
    `${formatAddress(address)} does not offer the SASL mechanism ${mechanism}: it offers ${enabledMechanisms?.join(', ') ?? 'none'}`,
    { code: 'UNSUPPORTED_SASL_MECHANISM' },
  );
}

function refused(cause: unknown, sasl: SASLOptions | Mechanism, address: Address): AuthenticationError {
  const hint = 'username' in sasl ? ': check sasl.username and sasl.password' : '';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AuthenticationError(`${formatAddress(address)} refused the credentials${hint} (${reason})`, { cause });
}
