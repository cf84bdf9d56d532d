import { EmbeddedKafka } from '@hearken/embedded-broker';
import { silentLogger } from 'hearken';
import { exerciseBroker } from './exercise-broker.js';

describe('the embedded broker', () => {
  exerciseBroker(() => EmbeddedKafka.start({ logger: silentLogger }));
});
