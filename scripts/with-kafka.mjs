/**
 * Calls `use` with bootstrap servers: those of HEARKEN_BROKERS if it is set, else of a Kafka that lives as long as the
 * call. Import it after `setup()` only: it needs the build.
 */
export async function withKafka(options, use) {
  const given = process.env.HEARKEN_BROKERS;
  if (given) return use(given);
  const { startKafka } = await import('../tools/kafka/dist/index.js');
  const kafka = await startKafka(options);
  try {
    return await use(kafka.brokers.join(','));
  } finally {
    await kafka.stop();
  }
}

/** Ends a script with its result, or with an error's message and 1. */
export async function finish(script) {
  try {
    process.exitCode = await script();
  } catch (error) {
    const otherwise = error.code === 'MISSING_TOOL' ? '\nOr name a Kafka that runs: HEARKEN_BROKERS=host:port' : '';
    console.error(`${error.message}${otherwise}`);
    process.exitCode = 1;
  }
}
