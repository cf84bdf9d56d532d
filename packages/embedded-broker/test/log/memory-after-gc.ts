import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function memoryAfterGc(): NodeJS.MemoryUsage {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect(); // the memory of buffers is given back on another thread, which the next collection waits for
  return process.memoryUsage();
}
