import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * tsx compiles in the main thread only. Where the program runs under it, a thread asks it for the same, so that a listener in
 * TypeScript loads there as the program itself did.
 */
export async function registerTsx(url: string): Promise<void> {
  if (!runsUnderTsx()) return;
  const api = apiFor(url);
  if (api === undefined) return;
  const { register } = (await import(api)) as { readonly register: () => unknown };
  register();
}

const runsUnderTsx = (): boolean =>
  [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((argument) => /\btsx\b/.test(argument));

/** Undefined if tsx is not the project's own: a module that needs it says so when it is imported. */
function apiFor(url: string): string | undefined {
  try {
    // As `require` finds it there is another build beside it, which looks for its parts in a folder that is not there.
    return pathToFileURL(
      createRequire(url)
        .resolve('tsx/esm/api')
        .replace(/\.cjs$/, '.mjs'),
    ).href;
  } catch {
    return undefined;
  }
}
