const KEPT = /^hearken-parked:(\d+)$/;

/** What is kept with an offset of the parked partition: the highest generation of the owners that began below it. */
export const metadataWith = (generation: number): string | undefined =>
  generation < 0 ? undefined : `hearken-parked:${generation}`;

/** The generation that was kept; -1 if none was. */
export const generationIn = (metadata: string | undefined): number => Number(KEPT.exec(metadata ?? '')?.[1] ?? -1);
