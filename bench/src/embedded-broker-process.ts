// An embedded broker in a process of its own: it tells its address, and ends when whoever started it lets it go.
import { EmbeddedKafka } from '@hearken/embedded-broker';

const kafka = await EmbeddedKafka.start({ config: { 'log.retention.bytes': process.argv[2] ?? '-1' } });
process.send?.({ brokers: kafka.brokers });
process.on('disconnect', () => void kafka.stop());
