import { printableLines } from '../core/printable.ts';
import { main } from './start/main.ts';

// Whoever reads our output may go away; that is no reason to leave things half done.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
// Nothing should come here. If it does, the guard and the functions' own watch on their parent clear away the rest.
process.on('uncaughtException', (error) => {
  process.stderr.write(
    `larder: unexpected: ${printableLines(error.stack ?? error.message)}\n`,
    () => process.exit(1),
  );
});

const status = await main(process.argv.slice(2));
// What was written to a pipe goes out before the end.
process.stdout.write('', () => process.exit(status));
