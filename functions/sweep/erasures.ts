import type { Step, SweepPorts } from './step.ts';

/** Starts the function that erases again, for each project whose erasure has not ended. It refuses what another worker does already. */
export const sweepErasures = async (ports: SweepPorts, step: Step): Promise<void> => {
  const { erasures, eraser } = ports;
  for await (const projectId of erasures.open()) {
    if (!step.hasTime()) return;
    await step.attempt(async () => {
      await eraser.start(projectId);
      step.count('erasuresStarted');
    });
  }
};
