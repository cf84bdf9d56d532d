/** What files of real brokers can be named by, less what is put behind it. */
const MAX_LENGTH = 249;

/** Why Kafka refuses such a name for a topic (`Topic.validate`); undefined if it does not. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.' || name === '..') return `'${name}' is not allowed`;
  if (name.length > MAX_LENGTH) return `the length of '${name}' is longer than the max allowed length ${MAX_LENGTH}`;
  if (!/^[\w.-]+$/.test(name))
    return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  return undefined;
}

/** As metrics write it. Kafka refuses a second topic of the same: nobody could tell them apart. */
export const metricName = (topic: string): string => topic.replaceAll('.', '_');
