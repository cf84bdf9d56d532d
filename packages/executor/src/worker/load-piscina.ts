import { createRequire } from 'node:module';
import type { Piscina } from 'piscina';
import { WorkerThreadError } from './worker-thread-error.js';

/** Loads it as this package would: its optional peer dependency, whatever kind of module the user's program is. */
const ownRequire = createRequire(import.meta.url);

/** @throws WorkerThreadError `MISSING_PACKAGE` */
export function loadPiscina(require: NodeJS.Require = ownRequire): typeof Piscina {
  try {
    return (require('piscina') as { readonly Piscina: typeof Piscina }).Piscina;
  } catch (cause) {
    const reason =
      cause instanceof Error && cause.message.startsWith(`Cannot find module 'piscina'`)
        ? 'which is not installed: npm i piscina'
        : 'which is installed but does not load';
    throw new WorkerThreadError('MISSING_PACKAGE', `worker threads need the package 'piscina', ${reason}`, { cause });
  }
}
