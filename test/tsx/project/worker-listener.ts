import type { WorkerListener } from 'hearken';

export const listener: WorkerListener = ({ value }): string => `${String(value)} in a thread`;
