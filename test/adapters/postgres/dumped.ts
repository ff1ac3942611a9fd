import type { Snapshot } from '../../../core/snapshot-ports.ts';

/** The whole of a snapshot's dump as SQL, after pg_dump has succeeded. */
export const dumped = async (snapshot: Snapshot): Promise<string> => {
  const dump = await snapshot.dump({
    format: 'plain',
    compress: '0',
    content: 'full',
    signal: new AbortController().signal,
    onTable: () => undefined,
  });
  const pieces: Buffer[] = [];
  for await (const piece of dump.output) pieces.push(piece);
  await dump.exited;
  return Buffer.concat(pieces).toString();
};
