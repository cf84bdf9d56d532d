import { createSecureContext } from 'node:tls';

/** What is wrong with `ssl` as a user wrote it; undefined if nothing is. Never shows what was given: it may be a key. */
export function tlsProblem(value: unknown): string | undefined {
  if (typeof value === 'boolean') return undefined;
  if (typeof value !== 'object' || value === null)
    return `must be true, false or the settings of tls.connect, got a ${typeof value}`;
  try {
    createSecureContext(value); // reads keys and certificates, as every connection will
    return undefined;
  } catch (error) {
    return `cannot be used: ${reasonOf(error as NodeJS.ErrnoException)}`;
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ERR_OSSL_BAD_DECRYPT: 'key is locked: passphrase is missing or wrong',
  ERR_OSSL_UNSUPPORTED: 'key is no private key in PEM',
  ERR_OSSL_PEM_NO_START_LINE: 'cert or key is not in PEM',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'key is not the key of cert',
};

/** Node ends what it says of a wrong type with the value. */
const reasonOf = ({ code = '', message }: NodeJS.ErrnoException): string =>
  HINTS[code] ?? message.replace(/\. Received .*$/s, '');
