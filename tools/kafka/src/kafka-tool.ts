import { jdkTool } from './jdk.js';
import { runOrThrow } from './run.js';
import { kafkaRuntime } from './runtime.js';

/**
 * Runs one of Kafka's own command-line tools to its end, in a JVM of about 2 s. Resolves with what it wrote.
 * @param mainClass what bin/kafka-….sh starts: 'kafka.admin.ConfigCommand'
 */
export async function runKafkaTool(mainClass: string, args: readonly string[]): Promise<string> {
  const { classPath, logConfig } = await kafkaRuntime();
  const jvm = ['-Xmx128m', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${logConfig}`, '-cp', classPath];
  return runOrThrow(jdkTool('java'), [...jvm, mainClass, ...args]);
}
