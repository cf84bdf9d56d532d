/** A peer cannot be run on this machine: the contest goes on without it. */
export class PeerNotAvailable extends Error {
  override readonly name = 'PeerNotAvailable';
}
