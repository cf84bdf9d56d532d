import { orKnown, type OptionsCheck } from '@hearken/core/internal';

/** Whether there is a cluster of that name; else that is a problem. */
export function checkClusterName(
  check: OptionsCheck,
  path: string,
  cluster: string,
  known: readonly string[],
): boolean {
  if (known.includes(cluster)) return true;
  check.problem(path, `names no cluster of the module: '${cluster}'${orKnown(cluster, known)}`);
  return false;
}
