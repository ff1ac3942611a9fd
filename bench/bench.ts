import { describeHost } from './machine.ts';
import { endMeasured } from './measure.ts';
import { type Options, readOptions, UsageError } from './options.ts';
import { pageOf, writePage } from './page.ts';
import { type Records, readRecords, record } from './records.ts';
import type { Bench } from './section.ts';
import { SECTIONS } from './sections/all.ts';
import { openStage, type Stage } from './stage.ts';

/**
 * `npm run bench`: measures section by section, and saves the figures of each and the page as soon as it has them, so a
 * stopped run keeps its finished sections. A failed section loses only its own figures, and sets the exit status.
 */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const main = async (options: Options): Promise<number> => {
  let opening: Promise<Stage> | undefined;
  let stopping = false;
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
      if (stopping) return;
      stopping = true;
      say(`${signal}: stopping the servers`);
      endMeasured();
      void Promise.resolve(opening)
        .then((stage) => stage?.close())
        .catch((error) => say(`${error}`))
        .finally(() => process.exit(130));
      // The running measurement fails without the servers, and must not continue with new ones.
      opening = new Promise(() => undefined);
    });
  }
  let records: Records = options.folder ? readRecords(options.folder) : {};
  const failed: string[] = [];
  for (const section of SECTIONS.filter(({ name }) => options.only?.includes(name) ?? true)) {
    const begun = performance.now();
    try {
      const stage = await bench.stage();
      const machine = describeHost(stage.postgresVersion);
      const figures = await section.measure(bench);
      const recorded = { machine, form: section.form, figures };
      if (options.folder) {
        records = record(options.folder, section.name, recorded);
        writePage(options.folder, records);
      } else {
        records = { ...records, [section.name]: recorded };
      }
    } catch (error) {
      if (stopping) await opening;
      failed.push(section.name);
      say(`${section.name} failed: ${error instanceof Error ? error.stack : error}`);
      // Leftovers of this section must not be measured with the next one.
      endMeasured();
      await opening?.then((stage) => stage.close()).catch(() => undefined);
      opening = undefined;
    }
    say(`${section.name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
  await opening?.then((stage) => stage.close());
  const shown = options.json ? JSON.stringify(records, null, 1) : pageOf(records);
  process.stdout.write(`${shown}\n`);
  if (!options.folder) say('Kept nowhere: not of the size that docs tell of. --folder keeps it.');
  if (failed.length) say(`Not measured: ${failed.join(', ')}`);
  return failed.length ? 1 : 0;
};

try {
  const options = readOptions(
    process.argv.slice(2),
    SECTIONS.map(({ name }) => name),
  );
  process.exitCode = options ? await main(options) : 0;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(`${error.message}\nnpm run bench -- --help lists what there is.`);
  process.exitCode = 2;
}
