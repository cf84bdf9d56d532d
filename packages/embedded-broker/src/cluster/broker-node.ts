/** One broker as the cluster knows it. */
export class BrokerNode {
  readonly nodeId: number;
  #port: number | undefined;

  constructor(nodeId: number) {
    this.nodeId = nodeId;
  }

  get isLive(): boolean {
    return this.#port !== undefined;
  }

  /** Where it listens; 0 while it is down. */
  get port(): number {
    return this.#port ?? 0;
  }

  up(port: number): void {
    this.#port = port;
  }

  down(): void {
    this.#port = undefined;
  }
}
