import { integer, type OptionRules, type OptionsCheck } from '@hearken/core/internal';
import type { ContainerProperties } from '@hearken/listener';
import type { PriorityBuffer } from './priority-container-properties.js';

/** A level's part of the budget, as its container is told; nothing of what the user left open. */
export type LevelBuffer = Pick<ContainerProperties, 'bufferRecords' | 'bufferBytes'>;

type Checked = { readonly [Name in keyof PriorityBuffer]-?: PriorityBuffer[Name] | undefined };

const RULES: OptionRules<Checked> = {
  records: integer(undefined, { min: 1 }),
  bytes: integer(undefined, { min: 1 }),
};

/**
 * Splits the budget, so that no level takes room from another. By level, 0 first.
 * @param fetchMaxBytes the consumer factory's, if it tells
 */
export function levelBuffers(
  check: OptionsCheck,
  buffer: PriorityBuffer | undefined,
  levels: number,
  fetchMaxBytes = 1,
): readonly LevelBuffer[] {
  const { records, bytes } = check.resolve<Checked>(buffer, RULES, 'buffer');
  if (records !== undefined && check.isFine('buffer.records') && records < levels)
    check.problem('buffer.records', `must be at least one a level, got ${records} for ${levels} levels`);
  const least = fetchMaxBytes + levels - 1;
  if (bytes !== undefined && check.isFine('buffer.bytes') && bytes < least)
    check.problem(
      'buffer.bytes',
      `must be at least ${least}: the most urgent level has room for one fetch (fetchMaxBytes, ${fetchMaxBytes}), and the others for something; got ${bytes}. Raise it, or lower the consumer factory's fetchMaxBytes`,
    );
  return Array.from({ length: levels }, (_, priority) => ({
    ...(records === undefined ? {} : { bufferRecords: partOf(priority, levels, records) }),
    ...(bytes === undefined ? {} : { bufferBytes: partOf(priority, levels, bytes, fetchMaxBytes) }),
  }));
}

/** Equal parts; what is left over is the most urgent level's, which has no less than `least`: the others have less then, alike. */
export function partOf(priority: number, levels: number, total: number, least = 0): number {
  const others = levels - 1;
  const part = others === 0 ? 0 : Math.floor(Math.min(total / levels, (total - least) / others));
  return priority === others ? total - part * others : part;
}
