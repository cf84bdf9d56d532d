import { dirname, join } from 'node:path';
import { requireBuildTools, requireJava } from './jdk.js';
import { madeOnce } from './made-once.js';
import { runOrThrow } from './run.js';

/**
 * What a pom names and all that this needs, as jars in a folder. Maven compiles nothing.
 * @param properties of the pom: `{ 'kafka.version': '4.1.0' }`
 */
export async function fetchJars(
  pom: string,
  folder: string,
  properties: Readonly<Record<string, string>> = {},
): Promise<void> {
  const settings = Object.entries({ ...properties, outputDirectory: folder }).map(
    ([name, value]) => `-D${name}=${value}`,
  );
  await runOrThrow('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', ...settings]);
}

/**
 * The class path of what a pom names, fetched once into the folder `target` beside it.
 * @throws MissingToolError without Java 17; without javac or Maven if they have to be fetched
 */
export async function classPathOf(pom: string): Promise<string> {
  await requireJava();
  const target = join(dirname(pom), 'target');
  const folder = await madeOnce(target, { name: 'jars', sources: [pom], make: (made) => fetchFirst(pom, made) });
  return join(folder, '*');
}

async function fetchFirst(pom: string, folder: string): Promise<void> {
  await requireBuildTools();
  process.stderr.write(`fetching what ${pom} names (once)\n`);
  await fetchJars(pom, folder);
}
