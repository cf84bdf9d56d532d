import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jdkTool, requireBuildTools, requireJava } from './jdk.js';
import { runOrThrow } from './run.js';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const POM = join(HOME, 'pom.xml');
const LAUNCHER = join(HOME, 'java', 'SupervisedKafka.java');

const NEWEST = '4.1.0';

/** What `java` needs to run a Kafka node. */
export interface KafkaRuntime {
  readonly classPath: string;
  readonly logConfig: string;
}

/**
 * Kafka's jars and our compiled launcher. Fetched and compiled once: the folder is named by a hash of what it is made
 * from, so that it either exists and is right, or does not exist. It is made aside and renamed into place, so that two
 * processes that start together do not see each other's halves; the slower one throws its own away.
 * @throws MissingToolError without Java 17; without javac or Maven if the folder has to be made
 */
export async function kafkaRuntime(version = NEWEST): Promise<KafkaRuntime> {
  await requireJava();
  const target = join(HOME, 'target');
  const folder = join(target, `${version}-${await contentHash()}`);
  if (!existsSync(folder)) await make(version, target, folder);
  return {
    classPath: [join(folder, 'jars', '*'), join(folder, 'classes')].join(delimiter),
    logConfig: join(HOME, 'log4j2.properties'),
  };
}

async function contentHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [POM, LAUNCHER]) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

async function make(version: string, target: string, folder: string): Promise<void> {
  await requireBuildTools();
  process.stderr.write(`fetching Apache Kafka ${version} (once)\n`);
  await mkdir(target, { recursive: true });
  const making = await mkdtemp(join(target, 'making-'));
  try {
    const jars = join(making, 'jars');
    const settings = [`-Dkafka.version=${version}`, `-DoutputDirectory=${jars}`];
    await runOrThrow('mvn', ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', ...settings]);
    await runOrThrow(jdkTool('javac'), ['-cp', join(jars, '*'), '-d', join(making, 'classes'), LAUNCHER]);
    await rename(making, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
