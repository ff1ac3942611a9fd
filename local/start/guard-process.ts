import type { Leftover } from './data-folder.ts';
import type { GuardMessage } from './guard.ts';
import { clearLeftover } from './leftovers.ts';

/** The guard's own process, see guard.ts. */
const watched: Leftover[] = [];

process.on('message', (message: GuardMessage) => {
  if ('watch' in message) watched.push(message.watch);
  else process.exit(0);
});

process.on('disconnect', () => {
  Promise.allSettled(watched.map(clearLeftover)).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
