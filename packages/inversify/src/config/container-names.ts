import { didYouMean, orKnown, type OptionsCheck } from '@hearken/core/internal';
import { idPattern } from '../registry/id-pattern.js';
import { SETTING_NAMES } from './settings.js';

/** Names of settings that there are not, with those that may be meant. */
export function checkSettingNames(check: OptionsCheck, path: string, settings: object): void {
  for (const name of Object.keys(settings)) {
    if (SETTING_NAMES.includes(name)) continue;
    check.problem(`${path}.${name}`, `is not a setting of a container${didYouMean(name, SETTING_NAMES)}`);
  }
}

/**
 * Ids that no listener has.
 * @param later ids, or patterns of them, of listeners that come later
 */
export function checkIds(
  check: OptionsCheck,
  containers: object,
  known: readonly string[],
  later: readonly string[],
): void {
  const isLater = later.map(idPattern);
  for (const id of Object.keys(containers)) {
    if (known.includes(id) || isLater.some((matches) => matches(id))) continue;
    check.problem(`containers.${id}`, `is the id of no listener${orKnown(id, known)}`);
  }
}
