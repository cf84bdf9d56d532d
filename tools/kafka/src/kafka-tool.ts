import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { jdkTool } from './jdk.js';
import { classPathOf } from './maven-jars.js';
import { runOrThrow } from './run.js';
import { kafkaClassPath, LOG_CONFIG } from './runtime.js';

/**
 * Runs one of Kafka's own command-line tools to its end, in a JVM of about 2 s. Resolves with what it wrote.
 * @param mainClass what bin/kafka-….sh starts: 'kafka.admin.ConfigCommand'
 * @param input what it reads
 */
export async function runKafkaTool(mainClass: string, args: readonly string[], input?: string): Promise<string> {
  return runOrThrow(jdkTool('java'), [...(await jvmArguments()), mainClass, ...args], input);
}

/**
 * Starts a program of ours. Whoever starts it ends it.
 * @param source path of its .java file, compiled on the way
 * @param pom names what it is written against. @default Kafka's own jars
 */
export async function startJavaProgram(
  source: string,
  args: readonly string[],
  pom?: string,
): Promise<ChildProcessWithoutNullStreams> {
  return spawn(jdkTool('java'), [...(await jvmArguments(pom)), source, ...args]);
}

async function jvmArguments(pom?: string): Promise<string[]> {
  const classPath = pom === undefined ? await kafkaClassPath() : await classPathOf(pom);
  return ['-Xmx128m', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${LOG_CONFIG}`, '-cp', classPath];
}
