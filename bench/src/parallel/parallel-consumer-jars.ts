import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchJars, jdkTool, madeOnce, requireBuildTools, requireJava, runOrThrow } from '@hearken/tools-kafka';
import { PeerNotAvailable } from '../peer-not-available.js';

/** Compiled files are two folders down. */
const HOME = fileURLToPath(new URL('../../jvm', import.meta.url));
const POM = join(HOME, 'parallel-consumer.pom.xml');
const READER = join(HOME, 'ParallelConsumerReader.java');

/**
 * Confluent's Parallel Consumer and the program of ours that reads with it, as a class path. Fetched and compiled once.
 * @throws PeerNotAvailable without Java 17, Maven or a way to what it fetches
 */
export async function parallelConsumerClassPath(): Promise<string> {
  try {
    await requireJava();
    const target = join(HOME, 'target');
    const folder = await madeOnce(target, { name: 'parallel-consumer', sources: [POM, READER], make });
    return [join(folder, 'classes'), join(folder, 'jars', '*')].join(delimiter);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PeerNotAvailable(`peer not available: ${message}`, { cause: error });
  }
}

async function make(folder: string): Promise<void> {
  await requireBuildTools();
  process.stderr.write("fetching Confluent's Parallel Consumer (once)\n");
  const jars = join(folder, 'jars');
  await fetchJars(POM, jars);
  await runOrThrow(jdkTool('javac'), ['-nowarn', '-d', join(folder, 'classes'), '-cp', join(jars, '*'), READER]);
}
