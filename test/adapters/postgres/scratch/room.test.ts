import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRoom, type Room } from './room.ts';
import { makePlace, type Place, serverRoot } from './support.ts';

const IN_ROOM = path.join(import.meta.dirname, 'in-room.ts');

let place: Place;
let room: Room;
let root: string;
beforeAll(async () => {
  place = await makePlace();
  root = await serverRoot();
  room = await makeRoom(path.join(place.folder, 'room'));
});
afterAll(async () => {
  await place.clear();
});

describe("in a sandbox like Lambda's", () => {
  it('a scratch server starts, works, ends and leaves nothing, twice', async () => {
    expect(await room.run(IN_ROOM, ['work', root])).toEqual({
      around: {
        root: false,
        home: null,
        shm: false,
        writable: [false, false, false, false, true],
      },
      done: { rows: 50_000, groups: 256, memory: 'mmap' },
      version: expect.stringMatching(/^18\./),
      // The sandbox has no locales, and ICU's are the server's own.
      notes: [expect.stringMatching(/ICU's en-US.*to_tsvector/)],
      noted: [],
      left: [],
    });
  });

  it('a full disk is named as such, and emptied', async () => {
    expect(await room.run(IN_ROOM, ['fill', root], { temporaryMb: 100 })).toEqual({
      error: {
        name: 'ScratchDiskFull',
        message: expect.stringMatching(/under \/tmp ran full.*verification\.temporaryMb/),
      },
      left: [],
    });
  });

  it('and so is one that was too small from the beginning', async () => {
    for (const temporaryMb of [12, 20]) {
      const told = await room.run(IN_ROOM, ['no start', root], { temporaryMb });
      expect(told).toEqual({
        error: {
          name: 'ScratchDiskFull',
          message: expect.stringMatching(/No space left on device\. Raise/),
        },
        // All of it is free again.
        used: 0,
        left: [],
      });
    }
  });

  it('a user without a name gets an error that names what is missing', async () => {
    expect(await room.run(IN_ROOM, ['no start', root], { user: '' })).toEqual({
      error: {
        name: 'ScratchFailed',
        message: expect.stringMatching(/could not look up effective user.*name in \/etc\/passwd/),
      },
      used: 0,
      left: [],
    });
  });
});
