import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { jdkTool } from './jdk.js';
import { runOrThrow } from './run.js';
import { kafkaRuntime } from './runtime.js';

/**
 * Runs one of Kafka's own command-line tools to its end, in a JVM of about 2 s. Resolves with what it wrote.
 * @param mainClass what bin/kafka-….sh starts: 'kafka.admin.ConfigCommand'
 * @param input what it reads
 */
export async function runKafkaTool(mainClass: string, args: readonly string[], input?: string): Promise<string> {
  return runOrThrow(jdkTool('java'), [...(await jvmArguments()), mainClass, ...args], input);
}

/**
 * Starts a program of ours against Kafka's jars. Whoever starts it ends it.
 * @param source path of its .java file, compiled on the way
 */
export async function startJavaProgram(
  source: string,
  args: readonly string[],
): Promise<ChildProcessWithoutNullStreams> {
  return spawn(jdkTool('java'), [...(await jvmArguments()), source, ...args]);
}

async function jvmArguments(): Promise<string[]> {
  const { classPath, logConfig } = await kafkaRuntime();
  return ['-Xmx128m', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${logConfig}`, '-cp', classPath];
}
