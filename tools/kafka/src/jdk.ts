import { join } from 'node:path';
import { MissingToolError } from './errors.js';
import { isMissing, run } from './run.js';

const OLDEST = 17; // Kafka 4 brokers run on nothing older

const ADVICE =
  `Install a JDK ${OLDEST} or newer and Maven (Debian: apt install openjdk-17-jdk-headless maven; ` +
  'macOS: brew install openjdk@17 maven), or point JAVA_HOME at a JDK.';

/** A tool of the JDK: JAVA_HOME's if that is set, else the one on the PATH. */
export function jdkTool(name: 'java' | 'javac' | 'keytool'): string {
  const home = process.env.JAVA_HOME ?? '';
  return home === '' ? name : join(home, 'bin', name);
}

/** @throws MissingToolError if there is no Java that can run Kafka */
export async function requireJava(): Promise<void> {
  const version = majorVersion(await versionText(jdkTool('java')));
  if (version < OLDEST) throw new MissingToolError(`Real Kafka needs Java ${OLDEST}, found ${version}. ${ADVICE}`);
}

/** @throws MissingToolError if the jars cannot be fetched or the launcher cannot be compiled here */
export async function requireBuildTools(): Promise<void> {
  await versionText(jdkTool('javac'));
  await versionText('mvn');
}

async function versionText(command: string): Promise<string> {
  try {
    return (await run(command, ['-version'])).output;
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new MissingToolError(`Real Kafka needs "${command}", which is not installed. ${ADVICE}`);
  }
}

/** 'openjdk version "17.0.15"' is 17, 'java version "1.8.0_292"' is 8. */
function majorVersion(text: string): number {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return Number(first === '1' ? second : (first ?? 0));
}
