import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface MadeOnceInit {
  /** Its name begins with it. */
  readonly name: string;
  /** Files it is made from. */
  readonly sources: readonly string[];
  /** Fills the folder it is given. */
  readonly make: (folder: string) => Promise<void>;
}

/**
 * A folder that is made at most once. It is named by a hash of what it is made from, so that it either exists and is right,
 * or does not exist. It is made aside and renamed into place, so that two processes that start together do not see each
 * other's halves; the slower one throws its own away.
 * @param target the folder it is made in
 */
export async function madeOnce(target: string, { name, sources, make }: MadeOnceInit): Promise<string> {
  const folder = join(target, `${name}-${await contentHash(sources)}`);
  if (existsSync(folder)) return folder;
  await mkdir(target, { recursive: true });
  const making = await mkdtemp(join(target, 'making-'));
  try {
    await make(making);
    await rename(making, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

async function contentHash(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
