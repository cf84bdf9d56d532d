import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jdkTool } from './jdk.js';
import { runOrThrow } from './run.js';
import type { ListenerProtocol, ServerProperties } from './server-properties.js';

const PASSWORD = 'changeit'; // of a key made for one run; Java wants one
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
const JAAS = 'org.apache.kafka.common.security';

/** User names and passwords. */
export type Users = Readonly<Record<string, string>>;

/** Lets these users in by PLAIN and SCRAM, on every listener with SASL. */
export function saslProperties(listeners: readonly ListenerProtocol[], users: Users): ServerProperties {
  const known = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const properties: Record<string, string> = { 'sasl.enabled.mechanisms': ['PLAIN', ...SCRAM].join(',') };
  for (const listener of listeners.filter((name) => name.startsWith('SASL'))) {
    const prefix = `listener.name.${listener.toLowerCase()}`;
    properties[`${prefix}.plain.sasl.jaas.config`] = `${JAAS}.plain.PlainLoginModule required ${known.join(' ')};`;
    for (const mechanism of SCRAM) {
      properties[`${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config`] = `${JAAS}.scram.ScramLoginModule required;`;
    }
  }
  return properties;
}

/** What the storage tool needs to know the same users by SCRAM from the first start on. */
export const scramArguments = (users: Users): string[] =>
  Object.entries(users).flatMap(([name, password]) =>
    SCRAM.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
  );

/** A key and a certificate for 127.0.0.1 and localhost, signed by itself. */
export async function selfSigned(folder: string): Promise<{ properties: ServerProperties; certificate: string }> {
  const keystore = join(folder, 'keystore.p12');
  const certificate = join(folder, 'certificate.pem');
  const store = ['-keystore', keystore, '-storetype', 'PKCS12', '-storepass', PASSWORD, '-alias', 'kafka'];
  const subject = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1', '-validity', '7'];
  await runOrThrow(jdkTool('keytool'), ['-genkeypair', '-keyalg', 'EC', ...store, ...subject]);
  await runOrThrow(jdkTool('keytool'), ['-exportcert', '-rfc', '-file', certificate, ...store]);
  return {
    properties: {
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': keystore,
      'ssl.keystore.password': PASSWORD,
    },
    certificate: await readFile(certificate, 'utf8'),
  };
}
