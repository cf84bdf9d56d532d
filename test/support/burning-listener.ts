import type { WorkerListener } from 'hearken';

/** Keeps its thread busy for as many milliseconds as the record says: nothing else runs there meanwhile. */
export const listener: WorkerListener = ({ value }) => {
  const until = performance.now() + Number(value);
  while (performance.now() < until) Math.random();
};
