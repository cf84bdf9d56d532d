import assert from 'node:assert/strict';
import { Flights, type Flight } from '../../dist/parking/flights.js';

const flight = (index: number, behind = 10, id = 'f'): Flight => ({ id, index, size: 4, behind });

/** Which of them count, one after the other. */
const counted = (flights: Flights, ...indexes: readonly number[]): boolean[] =>
  indexes.map((index) => flights.counts(flight(index)));

describe('Flights', () => {
  it('count up to the first that is missing, also if it comes after all', () => {
    assert.deepEqual(counted(new Flights(0), 0, 1, 2, 3), [true, true, true, true]);
    assert.deepEqual(counted(new Flights(0), 0, 2, 3), [true, false, false]);
    assert.deepEqual(counted(new Flights(0), 1, 2, 3), [false, false, false]);
    assert.deepEqual(counted(new Flights(0), 0, 2, 1), [true, false, true]);
  });

  it('are told apart, and what was sent alone counts always', () => {
    const flights = new Flights(0);
    assert.ok(flights.counts(flight(0)) && flights.counts(undefined) && flights.counts(flight(0, 10, 'g')));
    assert.deepEqual([flights.counts(flight(1)), flights.counts(flight(2, 10, 'g'))], [true, false]);
  });

  it('want to be read from where they may have begun, if reading began behind that', () => {
    const flights = new Flights(12);
    assert.ok(flights.counts(flight(2)), 'nothing is lost where that is not there any more');
    assert.equal(flights.missingFrom, 10);
    assert.equal(new Flights(10).counts(flight(2)), false);
  });
});
