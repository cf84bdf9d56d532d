import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchJars, jdkTool, madeOnce, requireBuildTools, requireJava, runOrThrow } from '@hearken/tools-kafka';
import { PeerNotAvailable } from '../peer-not-available.js';

/** Compiled files are two folders down. */
const HOME = fileURLToPath(new URL('../../jvm', import.meta.url));
const POM = join(HOME, 'pom.xml');
const READER = join(HOME, 'FlipkartReader.java');

/** No registry has it that Maven asks. A clone at hand does as well as its home. */
const REPOSITORY =
  process.env.HEARKEN_FLIPKART_GIT ?? 'https://github.com/flipkart-incubator/priority-kafka-client.git';
/** 1.0.0, the only release. */
const COMMIT = 'ba13a7166b420d0c8d967583d46d5889c58a5c20';
/** What it is written against; it runs on what the pom names. */
const ITS_KAFKA = '0.10.1.1';

/**
 * Flipkart's client and the program of ours that reads with it, as a class path. Checked out and compiled once.
 * @throws PeerNotAvailable without git, Java 17, Maven or a way to what they fetch
 */
export async function flipkartClassPath(): Promise<string> {
  try {
    await requireJava();
    const name = `flipkart-${COMMIT.slice(0, 7)}`;
    const folder = await madeOnce(join(HOME, 'target'), { name, sources: [POM, READER], make });
    return [join(folder, 'classes'), join(folder, 'jars', '*')].join(delimiter);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PeerNotAvailable(`peer not available: ${message}`, { cause: error });
  }
}

async function make(folder: string): Promise<void> {
  await requireBuildTools();
  process.stderr.write("fetching Flipkart's client (once)\n");
  const source = join(folder, 'source');
  const [jars, itsJars] = [join(folder, 'jars'), join(folder, 'its-jars')];
  const classes = join(folder, 'classes');
  await checkOut(source);
  await fetchJars(POM, jars);
  await fetchJars(POM, itsJars, { 'kafka.version': ITS_KAFKA });
  await compile(classes, [join(itsJars, '*')], await javaFiles(join(source, 'src', 'main')));
  await compile(classes, [classes, join(jars, '*')], [READER]);
}

async function checkOut(folder: string): Promise<void> {
  await runOrThrow('git', ['init', '-q', folder]);
  await runOrThrow('git', ['-C', folder, 'fetch', '-q', '--depth', '1', REPOSITORY, COMMIT]);
  await runOrThrow('git', ['-C', folder, 'checkout', '-q', 'FETCH_HEAD']);
}

const compile = (classes: string, classPath: readonly string[], files: readonly string[]): Promise<string> =>
  runOrThrow(jdkTool('javac'), ['-nowarn', '-d', classes, '-cp', classPath.join(delimiter), ...files]);

async function javaFiles(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => file.endsWith('.java')).map((file) => join(folder, file));
}
