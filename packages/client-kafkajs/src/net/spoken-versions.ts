import { negotiate, type ApiVersionsResponse, type VersionRange } from '@hearken/protocol';
import { UnsupportedVersionError } from '../errors.js';
import { formatAddress, type Address } from './address.js';

/** Which versions of which requests a broker speaks, as it told when it was connected to. */
export class SpokenVersions {
  readonly #address: Address;
  /** By API key. */
  readonly table: Readonly<Record<number, VersionRange>>;

  constructor(address: Address, apiKeys: ApiVersionsResponse['apiKeys']) {
    this.#address = address;
    this.table = Object.fromEntries(apiKeys.map(({ apiKey, ...range }) => [apiKey, range]));
  }

  /**
   * The highest version of a request within ours.
   * @throws UnsupportedVersionError
   */
  choose(name: string, apiKey: number, ours: VersionRange): number {
    const theirs = this.table[apiKey];
    const version = negotiate(ours, theirs);
    if (version !== undefined) return version;
    const spoken = theirs === undefined ? 'does not know it' : `speaks ${theirs.minVersion} to ${theirs.maxVersion}`;
    throw new UnsupportedVersionError(
      `${name} is needed in version ${ours.minVersion} to ${ours.maxVersion}; ${formatAddress(this.#address)} ${spoken}`,
    );
  }
}
