export { EmbeddedKafka } from './embedded-kafka.js';
export { EmbeddedKafkaError, type EmbeddedKafkaErrorCode } from './errors.js';
export type { GroupDescription, MemberDescription } from './groups/group-description.js';
export type { NewTopic } from './host.js';
export type { EmbeddedKafkaOptions, TopicOption } from './options.js';
