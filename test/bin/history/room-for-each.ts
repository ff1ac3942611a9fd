import { beforeAll, beforeEach } from 'vitest';
import { type Emulators, startEmulators } from './emulators.ts';
import { openRoom, type Room } from './room.ts';

/** Gives each test of a file its own room. */
export const roomForEach = (take: (room: Room) => void): void => {
  let emulators: Emulators;
  beforeAll(async () => {
    emulators = await startEmulators();
    return () => emulators.stop();
  });
  beforeEach(async () => {
    take(await openRoom(emulators));
  });
};
