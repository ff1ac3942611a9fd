import { printableLines } from '../core/printable.ts';
import { main } from './start/main.ts';

// If the reader of our output goes away, the work must still be finished.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
// No error should get here. If one does, the guard and the functions' own watch on their parent clean up.
process.on('uncaughtException', (error) => {
  process.stderr.write(
    `larder: unexpected: ${printableLines(error.stack ?? error.message)}\n`,
    () => process.exit(1),
  );
});

const status = await main(process.argv.slice(2));
// Output written to a pipe is flushed before the exit.
process.stdout.write('', () => process.exit(status));
