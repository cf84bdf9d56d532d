/** Java or Maven is missing or too old: the machine cannot run Kafka, as opposed to Kafka failing to run. */
export class MissingToolError extends Error {
  readonly code = 'MISSING_TOOL';
  override readonly name = 'MissingToolError';
}

/** Kafka did not come up. The message ends with the last lines of its log. */
export class KafkaStartError extends Error {
  readonly code = 'KAFKA_START_FAILED';
  override readonly name = 'KafkaStartError';
  /** Another process took one of the ports between our look and Kafka's bind. */
  readonly portTaken: boolean;

  constructor(what: string, log: string) {
    super(`${what}; its log ends with:\n${log}`);
    this.portTaken = /BindException|Address already in use/.test(log);
  }
}
