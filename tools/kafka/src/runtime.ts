import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jdkTool, requireBuildTools, requireJava } from './jdk.js';
import { madeOnce } from './made-once.js';
import { fetchJars } from './maven-jars.js';
import { runOrThrow } from './run.js';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const POM = join(HOME, 'pom.xml');
const LAUNCHER = join(HOME, 'java', 'SupervisedKafka.java');

const NEWEST = '4.1.0';

/** To standard error, warnings and worse. */
export const LOG_CONFIG = join(HOME, 'log4j2.properties');

/**
 * Kafka's jars and our compiled launcher, as a class path. Fetched and compiled once.
 * @throws MissingToolError without Java 17; without javac or Maven if they have to be made
 */
export async function kafkaClassPath(version = NEWEST): Promise<string> {
  await requireJava();
  const folder = await madeOnce(join(HOME, 'target'), {
    name: version,
    sources: [POM, LAUNCHER],
    make: (made) => make(version, made),
  });
  return [join(folder, 'jars', '*'), join(folder, 'classes')].join(delimiter);
}

async function make(version: string, folder: string): Promise<void> {
  await requireBuildTools();
  process.stderr.write(`fetching Apache Kafka ${version} (once)\n`);
  const jars = join(folder, 'jars');
  await fetchJars(POM, jars, { 'kafka.version': version });
  await runOrThrow(jdkTool('javac'), ['-cp', join(jars, '*'), '-d', join(folder, 'classes'), LAUNCHER]);
}
