import { readOptions } from './options.ts';
import { writePage } from './page.ts';
import { readRecords, record } from './records.ts';
import type { Bench } from './section.ts';
import { SECTIONS } from './sections/all.ts';
import { openStage, type Stage } from './stage.ts';
import { lookAround } from './surroundings.ts';

/**
 * `npm run bench`: measures section by section, keeps each one's figures as soon as it has them, and makes the page from all
 * that are there. A section that fails costs only its own figures, and the exit status.
 */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const main = async (): Promise<number> => {
  const names = SECTIONS.map(({ name }) => name);
  const options = readOptions(process.argv.slice(2), names);
  if (!options) return 0;
  let opening: Promise<Stage> | undefined;
  const bench: Bench = {
    options,
    say,
    stage: () => {
      opening ??= openStage(say);
      return opening;
    },
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say(`${signal}: stopping the servers`);
      void Promise.resolve(opening)
        .then((stage) => stage?.close())
        .finally(() => process.exit(130));
      // What is being measured fails without them, and must not be tried with new ones.
      opening = new Promise(() => undefined);
    });
  }
  const failed: string[] = [];
  for (const section of SECTIONS.filter(({ name }) => options.only?.includes(name) ?? true)) {
    const begun = performance.now();
    try {
      const stage = await bench.stage();
      const surroundings = lookAround(stage.postgresVersion);
      const figures = await section.measure(bench);
      record(options.folder, section.name, { surroundings, figures });
    } catch (error) {
      failed.push(section.name);
      say(`${section.name} failed: ${error instanceof Error ? error.stack : error}`);
      // What it left behind must not be measured with the next one.
      await opening?.then((stage) => stage.close()).catch(() => undefined);
      opening = undefined;
    }
    say(`${section.name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
  await opening?.then((stage) => stage.close());
  const records = readRecords(options.folder);
  const page = writePage(options.folder, records);
  process.stdout.write(options.json ? `${JSON.stringify(records, null, 1)}\n` : `${page}\n`);
  if (failed.length) say(`Not measured: ${failed.join(', ')}`);
  return failed.length ? 1 : 0;
};

process.exitCode = await main();
