import { FakeLog, eventLoopTurn, ManualClock } from '@hearken/testing';
import { Fates } from '../laws/fates.js';
import { tp, until } from '../setup.js';
import { Life, type Group } from './life.js';
import { PARTITIONS, type Step, type World } from './world.js';

/** Plays a world on containers of one group, one after the other, and asks the oracle after every step. */
export class Player {
  readonly #world: World;
  readonly #clock = new ManualClock();
  readonly #log = new FakeLog();
  readonly #fates = new Fates();
  readonly #bad = new Set<string>();
  readonly #endsAtOnce = new Set<string>();
  /** The newest is the last. */
  readonly #lives: Life[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  async run(): Promise<void> {
    await this.#start();
    for (const step of this.#world.steps) {
      await this.#step(step);
      this.#check();
    }
    if (!this.#world.stopsEarly) await this.#finishEverything();
    await this.#life.end();
    for (const life of this.#lives) await life.checkAftermath();
  }

  get #life(): Life {
    return this.#lives.at(-1)!;
  }

  #check(): void {
    for (const { oracle } of this.#lives) oracle.check();
  }

  async #start(): Promise<void> {
    const [world, clock, log, fates] = [this.#world, this.#clock, this.#log, this.#fates];
    const group: Group = { world, clock, log, fates, bad: this.#bad, endsAtOnce: this.#endsAtOnce };
    const life = new Life(group);
    this.#lives.push(life);
    await life.container.start();
  }

  // ---- steps

  async #step(step: Step): Promise<void> {
    if ('pick' in step) {
      const life = step.pick % 4 === 0 ? this.#lives[step.pick % this.#lives.length] : undefined; // one that is over
      (life ?? this.#life).calls.settle(step.do, step.pick, step.at);
    } else if (step.do === 'turn') await eventLoopTurn();
    else if (step.do === 'start') await this.#startAgain();
    else this.#do(step);
  }

  #do(step: Exclude<Step, { pick: number } | { do: 'turn' | 'start' }>): void {
    const { container, stage } = this.#life;
    if (step.do !== 'give' && step.do !== 'pass') this.#life.disturb();
    switch (step.do) {
      case 'give':
        this.#give(step);
        break;
      case 'pass':
        this.#clock.advance(step.ms);
        break;
      case 'revoke':
      case 'lose':
      case 'assign':
        this.#life.rebalance(step.do, step.partition);
        break;
      case 'bounce': // gone and back before anything else happens, as with an eager assignor
        this.#life.rebalance(step.how, step.partition);
        this.#life.rebalance('assign', step.partition);
        break;
      case 'evict':
        if (container.state === 'running') stage.evict();
        break;
      case 'pause':
        container.pause([tp(step.partition)]);
        break;
      case 'resume':
        container.resume([tp(step.partition)]);
        break;
      case 'seek':
        stage.seek(container, step.partition, step.permille);
        break;
      case 'refuse':
        stage.refuseCommit(step.partition);
        break;
      case 'hold-commits':
        stage.holdCommits();
        break;
      case 'let-commits':
        stage.letCommits();
        break;
      case 'break':
        stage.break();
        break;
      case 'stop':
        this.#life.stop(step.how, step.isInside);
        break;
    }
  }

  #give({ partition, key, isBad, endsAtOnce }: Step & { do: 'give' }): void {
    const at = `${partition}/${this.#log.endOffset(tp(partition))}`;
    if (isBad) this.#bad.add(at);
    if (endsAtOnce) this.#endsAtOnce.add(at);
    this.#log.append('t', partition, { key });
  }

  async #startAgain(): Promise<void> {
    if (!this.#life.isOver) return;
    await this.#life.end();
    await this.#start();
  }

  // ---- the end

  /** Nothing is left behind: every record ends, and everything is committed. */
  async #finishEverything(): Promise<void> {
    do {
      await this.#startAgain();
      this.#life.stage.letCommits();
      await until(() => this.#life.isOver || this.#finishSome());
    } while (this.#life.isOver);
    for (const partition of PARTITIONS) this.#fates.checkNothingLost(this.#log.records('t', partition));
  }

  /** @returns whether all is done */
  #finishSome(): boolean {
    const { calls, container, stage } = this.#life;
    calls.endAll();
    for (const partition of PARTITIONS) this.#life.rebalance('assign', partition);
    container.resume();
    this.#clock.advance(500);
    this.#check();
    const isWritten = PARTITIONS.every((each) => stage.committed(each) === this.#log.endOffset(tp(each)));
    return isWritten && container.metrics().outstanding === 0;
  }
}
