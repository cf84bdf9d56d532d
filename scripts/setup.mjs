// Makes a clone ready to run: installs if what is installed is not what package-lock.json says, then builds what changed.
// Built-in modules only, because it runs before anything is installed. `--build` is its own command, `npm run build`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Installs and builds what is missing. Throws if either fails; their own words are on the terminal by then. */
export function setup() {
  install();
  build();
}

function install() {
  // Inside node_modules, so that it goes when they go: `npm ci` begins by removing them.
  const stamp = join(ROOT, 'node_modules', '.installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stdout.write('installing\n');
  npm(['ci', '--include=dev', '--loglevel=error']);
  writeFileSync(stamp, wanted);
}

function build() {
  process.stdout.write('building\n');
  const { references } = readJson(join(ROOT, 'tsconfig.json'));
  for (const { path } of references) removeOrphans(join(ROOT, path));
  run(process.execPath, [join(ROOT, 'node_modules', '@typescript', 'native', 'bin', 'tsc'), '--build']);
}

/** What was built from a source that is gone: tsc leaves it, mocha would run it and npm would pack it. */
function removeOrphans(project) {
  const { rootDir, outDir } = readJson(join(project, 'tsconfig.json')).compilerOptions;
  const sources = resolve(project, rootDir);
  const outputs = resolve(project, outDir);
  if (!existsSync(outputs)) return;
  for (const file of readdirSync(outputs, { recursive: true })) {
    const source = /^(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.[1];
    if (source !== undefined && !existsSync(join(sources, `${source}.ts`))) rmSync(join(outputs, file));
  }
}

/** npm as it runs us, or else the one on the PATH (npm.cmd on Windows needs a shell). */
export function npm(args, options) {
  const self = process.env.npm_execpath;
  if (self?.endsWith('.js')) return run(process.execPath, [self, ...args], options);
  return run('npm', args, { shell: process.platform === 'win32', ...options });
}

/** Returns standard output where that is piped; throws unless the program ends well. */
function run(command, args, options) {
  const { status, error, stdout } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return stdout;
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    setup();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
