import { registerTsx } from './register-tsx.js';
import { WorkerThreadError } from './worker-thread-error.js';

type AnyListener = (records: unknown, context: object) => unknown;

/**
 * Imports the user's module. If that throws, this never settles: the thread ends with the error, which fails the record, and
 * the next attempt finds a new thread. In this one the module would stay failed, also when what it waited for is back.
 * @throws WorkerThreadError `WORKER_MODULE_FAILED` for a mistake in the program, which stays one in every thread
 */
export async function loadListener(url: string): Promise<AnyListener> {
  await registerTsx(url);
  const module: unknown = await import(url).catch((cause: unknown) => {
    if (isMistake(cause)) throw new WorkerThreadError('WORKER_MODULE_FAILED', `${url} cannot be loaded`, { cause });
    setImmediate(() => {
      throw cause;
    });
    return new Promise(() => undefined);
  });
  return listenerOf(module, url);
}

/** No such file, a kind of file that nobody compiles, no JavaScript in it: nothing that the module itself has thrown. */
const isMistake = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  MISTAKES.test(String((error as { readonly code?: unknown } | null | undefined)?.code));

const MISTAKES = /^(ERR_)?MODULE_NOT_FOUND$|^ERR_UNKNOWN_FILE_EXTENSION$|^ERR_UNSUPPORTED_DIR_IMPORT$/;

/**
 * The listener that a module exports: as `listener`, or as its default. A CommonJS module's exports are the default of what
 * `import` gives, and what a compiler made of `export default` there is the default of those.
 * @throws WorkerThreadError `WORKER_MODULE_FAILED`
 */
export function listenerOf(module: unknown, url: string): AnyListener {
  let exports = module as { readonly listener?: unknown; readonly default?: unknown } | null | undefined;
  for (let depth = 0; depth < 3; depth++) {
    const listener = exports?.listener ?? exports;
    if (typeof listener === 'function') return listener as AnyListener;
    exports = exports?.default as typeof exports;
  }
  const found = Object.keys(module as object).join(', ') || 'nothing';
  throw new WorkerThreadError(
    'WORKER_MODULE_FAILED',
    `${url} exports no listener, but ${found}; it takes: export const listener = (record, context) => …`,
  );
}
