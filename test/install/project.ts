import { execFile, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../docs/documents.js';

const execute = promisify(execFile);

/** What a program wrote; it ended with exit code 0. */
export interface Written {
  readonly stdout: string;
  readonly stderr: string;
}

/** Packs every public package of the repository into a folder, as publishing would. */
export async function packAll(folder: string): Promise<string[]> {
  const { stdout } = await npm(ROOT, 'pack', '--json', '--workspace', 'packages', '--pack-destination', folder);
  const packed = JSON.parse(stdout) as { filename: string }[];
  return packed.map(({ filename }) => join(folder, filename));
}

/** An empty project of a user, outside the repository. */
export class Project implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(manifest: object): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), 'hearken-user-')));
    await project.write('package.json', JSON.stringify({ name: 'user', private: true, ...manifest }));
    return project;
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, file), text);
  }

  /** @param packages tarballs, or names with versions */
  async install(packages: readonly string[]): Promise<void> {
    await npm(this.#folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages);
  }

  /** Uses a package of the repository as if it were installed here: tools that are not what is tested. */
  async link(name: string): Promise<void> {
    const at = join(this.#folder, 'node_modules', name);
    await mkdir(dirname(at), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), at, 'junction');
  }

  node(...args: readonly string[]): Promise<Written> {
    return inFolder(this.#folder, process.execPath, args);
  }

  /** Runs a program until it has written all of these, then presses Ctrl-C; it has to end with exit code 0 then. */
  interrupt(file: string, ...written: readonly RegExp[]): Promise<Written> {
    return inFolder(this.#folder, process.execPath, [file], (child) => interruptOnce(child, written));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** npm as it runs us, or else the one on the PATH. */
function npm(folder: string, ...args: readonly string[]): Promise<Written> {
  const self = process.env.npm_execpath ?? '';
  return self.endsWith('.js') ? inFolder(folder, process.execPath, [self, ...args]) : inFolder(folder, 'npm', args);
}

/** The environment of a user's shell: what npm tells the scripts of the repository is not for a project outside it. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(package|lifecycle|command)|npm_config_local|INIT_CWD)/.test(name),
    ),
  );

/** Rejects with all that was written if the program fails or does not end. */
async function inFolder(
  cwd: string,
  command: string,
  args: readonly string[],
  onStarted?: (child: ChildProcess) => void,
): Promise<Written> {
  try {
    const running = execute(command, args, { cwd, env: environment(), timeout: 240_000, maxBuffer: 2 ** 26 });
    onStarted?.(running.child);
    return await running;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as Partial<Written>;
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

function interruptOnce(child: ChildProcess, written: readonly RegExp[]): void {
  let output = '';
  child.stdout?.on('data', (chunk: string) => {
    output += chunk;
    if (written.every((line) => line.test(output))) child.kill('SIGINT');
  });
}
