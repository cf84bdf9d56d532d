const waiting: (() => void)[] = [];

/**
 * Calls back in a turn of the event loop to come: the next one, unless others asked before. Each has a turn to itself,
 * whichever container it is of, for what is called goes on with as many records as its budget lasts. Were all called in one
 * turn, twenty busy containers would keep timers and sockets waiting for twenty budgets.
 *
 * @param next must not throw
 */
export function inTurn(next: () => void): void {
  if (waiting.push(next) === 1) setImmediate(callNext);
}

function callNext(): void {
  const next = waiting.shift();
  if (waiting.length > 0) setImmediate(callNext);
  next?.();
}
