import { main } from './start/main.ts';

const status = await main(process.argv.slice(2));
// What was written to a pipe goes out before the end.
process.stdout.write('', () => process.exit(status));
