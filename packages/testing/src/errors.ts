import { KafkaError } from '@hearken/core';

/**
 * What a test waited for did not happen; the message says what did. Codes `TIMED_OUT`; `CONTAINER_STOPPED` with the
 * container's failure, if there was one, as the cause.
 */
export class WaitError extends KafkaError {}
