import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KafkaStartError } from './errors.js';
import { jdkTool } from './jdk.js';
import { LOG_CONFIG } from './runtime.js';
import { propertiesText, type ServerProperties } from './server-properties.js';

const SHUTDOWN_TIMEOUT_MS = 15_000;
const LOG_TAIL_LINES = 30;

/** What a node is made of. */
export interface KafkaNodeSettings {
  readonly id: number;
  /** Where clients reach it: "127.0.0.1:20123", by its first listener. */
  readonly address: string;
  /** Of the whole cluster: goes when the process that started it does. */
  readonly clusterFolder: string;
  readonly clusterId: string;
  readonly properties: ServerProperties;
  readonly formatArguments: readonly string[];
  readonly jvmArguments: readonly string[];
  readonly startTimeoutMs: number;
  readonly classPath: string;
}

/** One broker and controller in a JVM of its own. Its data and ports stay the same over any number of starts. */
export class KafkaNode {
  readonly #settings: KafkaNodeSettings;
  readonly #folder: string;
  /** The JVM, while there is one. */
  #jvm: ChildProcess | undefined;

  constructor(settings: KafkaNodeSettings) {
    this.#settings = settings;
    this.#folder = join(settings.clusterFolder, `node-${settings.id}`);
  }

  get id(): number {
    return this.#settings.id;
  }

  get address(): string {
    return this.#settings.address;
  }

  /** The JVM's process id; undefined while it is down. */
  get pid(): number | undefined {
    return this.#jvm?.pid;
  }

  /** Resolves when the node serves clients. Does nothing if it runs. */
  async start(): Promise<void> {
    if (this.#jvm !== undefined) return;
    const jvm = await this.#spawn();
    this.#jvm = jvm;
    const forget = (): void => {
      if (this.#jvm === jvm) this.#jvm = undefined;
    };
    jvm.once('exit', forget);
    jvm.once('error', forget); // it could not be run: there will be no exit
    const failure = await untilServing(jvm, this.#settings.startTimeoutMs);
    if (failure === undefined) return;
    await this.kill();
    throw new KafkaStartError(`Kafka node ${this.id} ${failure}`, await this.#logTail());
  }

  /** Ends it as an operator would: leaders move, logs are closed cleanly. The data stays for the next start. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it at once with SIGKILL. The data stays as a crash leaves it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** {@link stop}, then {@link start}. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async #spawn(): Promise<ChildProcess> {
    const { clusterFolder, clusterId, properties, formatArguments, jvmArguments, classPath } = this.#settings;
    const file = join(this.#folder, 'server.properties');
    await mkdir(this.#folder, { recursive: true });
    await writeFile(file, propertiesText({ ...properties, 'log.dirs': join(this.#folder, 'data') }));
    const format = ['format', '--ignore-formatted', '--config', file, `--cluster-id=${clusterId}`, ...formatArguments];
    // The log goes to a file, not through a pipe: a parent too busy to read would stall the broker.
    const log = openSync(this.#logFile, 'a');
    try {
      return spawn(
        jdkTool('java'),
        [
          ...jvmArguments,
          `-Dlog4j2.configurationFile=${LOG_CONFIG}`,
          '-cp',
          classPath,
          'SupervisedKafka',
          clusterFolder,
          file,
          ...format,
        ],
        { stdio: ['pipe', 'pipe', log] },
      );
    } finally {
      closeSync(log);
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const jvm = this.#jvm;
    if (jvm === undefined) return;
    const ended = once(jvm, 'exit');
    jvm.kill(signal);
    const deadline = setTimeout(() => jvm.kill('SIGKILL'), SHUTDOWN_TIMEOUT_MS);
    await ended;
    clearTimeout(deadline);
  }

  get #logFile(): string {
    return join(this.#folder, 'server.log');
  }

  async #logTail(): Promise<string> {
    const log = await readFile(this.#logFile, 'utf8');
    return log.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }
}

/** Resolves with what went wrong, or undefined when the launcher says that it serves. */
function untilServing(jvm: ChildProcess, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => settle(`did not come up in ${timeoutMs} ms`), timeoutMs);
    const settle = (failure?: string): void => {
      clearTimeout(deadline);
      resolve(failure);
    };
    jvm.once('error', (error) => settle(`could not be run: ${error.message}`));
    jvm.once('exit', (code, signal) => settle(`ended with ${signal ?? `exit code ${code ?? 'none'}`} while starting`));
    jvm.stdout?.on('data', (line: Buffer) => {
      if (line.includes('SERVING')) settle();
    });
  });
}
