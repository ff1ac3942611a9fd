import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openRoom, PATIENCE, type Room } from './support/room.ts';
import { asUser, processesOf, type Started } from './support/start.ts';

const run = promisify(execFile);

const job = z.looseObject({
  status: z.string(),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
  links: z.looseObject({ self: z.string() }),
});
const restoreShown = job.extend({
  id: z.string(),
  backupId: z.string(),
  mode: z.string(),
  outcome: z.object({ schemas: z.array(z.object({ to: z.string() })) }).optional(),
});
type Job = z.infer<typeof job>;
type Restored = z.infer<typeof restoreShown>;

let room: Room;
let started: Started;
let apiUrl: string;
let api: typeof fetch;
/** The commands below each heading of what the start prints at its end. */
let commands: Map<string, string[]>;

const commandsOf = (text: string): Map<string, string[]> => {
  const sections = new Map<string, string[]>();
  let section: string[] = [];
  for (const line of text.split('\n')) {
    const [, heading] = /^([A-Z][A-Za-z ]{0,9}) {2,}\S/.exec(line) ?? [];
    if (heading) {
      section = [];
      sections.set(heading.trim(), section);
    } else if (line.startsWith('  ')) section.push(line);
  }
  return sections;
};

/** Types commands into one shell, which ends at the first that fails. */
const typed = async (...lines: readonly string[]): Promise<string> => {
  const { stdout } = await run('bash', ['-c', `set -euo pipefail\n${lines.join('\n')}`]);
  return stdout;
};
const below = (section: string): readonly string[] =>
  commands.get(section) ?? [`false # no section ${section}`];

/** The one command of a section, with options besides: its answer. */
const restoreBy = async (command: string): Promise<Restored> =>
  restoreShown.parse(JSON.parse(await typed(`${command} --json`)));

/** The output of `psql`, in the same shell. */
const ask = async (database: string, sql: string): Promise<string> => {
  const script = [...(commands.get('Shell') ?? []), `psql -XAt -d "$1" -c "$2"`].join('\n');
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script, 'bash', database, sql]);
  return stdout.trim();
};
const schemas = async (): Promise<string[]> =>
  (await ask('saas', `SELECT nspname FROM pg_namespace WHERE nspname ~ '^acme' ORDER BY 1`)).split(
    '\n',
  );

const untilEnded = async (self: string): Promise<Job> => {
  for (;;) {
    const shown = job.parse(await (await api(`${apiUrl}${self}`)).json());
    if (!['pending', 'in-progress'].includes(shown.status)) return shown;
    await wait(100);
  }
};

/** The address of the first backup of `acme`, which the section By hand is about. */
const oldest = async (): Promise<string> => {
  const list = await (await api(`${apiUrl}/projects/acme/backups`)).json();
  const { items } = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(list);
  return `${apiUrl}/projects/acme/backups/${items.at(-1)?.id}`;
};

beforeAll(async () => {
  room = await openRoom();
  api = asUser(room.dataDir);
  started = room.begin([]);
  await started.until('Ctrl-C');
  const { stdout } = started.output();
  commands = commandsOf(stdout);
  apiUrl = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? '';
}, PATIENCE);
afterAll(async () => {
  await room.endAll();
  await room.close();
});

describe('the commands that a start prints at its end work when they are typed in', {
  timeout: PATIENCE,
}, () => {
  it('restores a tenant beside its live schema, and shows it', async () => {
    await ask('saas', `UPDATE acme.products SET name = 'changed since'`);
    const shown = await restoreBy(below('Restore').join('\n'));
    expect(shown).toMatchObject({ status: 'completed', mode: 'beside' });
    const [{ to: beside = '' } = {}] = shown.outcome?.schemas ?? [];
    expect(beside).toMatch(/^acme_restored_/);
    expect(await schemas()).toEqual(['acme', beside]);
    const changed = `count(*) FILTER (WHERE name = 'changed since') = count(*)`;
    expect(await ask('saas', `SELECT ${changed} FROM acme.products`)).toBe('t');
    expect(await ask('saas', `SELECT count(*) FROM ${beside}.orders`)).toBe('15000');
    expect(await ask('saas', `SELECT ${changed} FROM ${beside}.products`)).toBe('f');
    await ask('saas', `DROP SCHEMA ${beside} CASCADE`);
  });

  it('exchanges it with the live schema and exchanges them back', async () => {
    const swap = below('Swap').join('\n');
    // There is no terminal to ask here, so it has to be confirmed.
    await expect(typed(swap)).rejects.toThrow(/confirm it with --yes acme/);
    const swapped = await restoreBy(`${swap} --yes acme`);
    expect(swapped).toMatchObject({ status: 'completed', mode: 'swap' });
    const { backupId, id } = swapped;
    const undone = await restoreBy(swap.replace(/swap acme.*/, `undo acme ${backupId} ${id}`));
    expect(undone).toMatchObject({ status: 'completed', mode: 'undo' });
    expect(await schemas()).toEqual(['acme', expect.stringMatching(/^acme_undone_/)]);
    expect(
      await ask('saas', `SELECT count(*) FROM acme.products WHERE name = 'changed since'`),
    ).toBe('500');
  });

  it('prints the guide, and restores the backup by hand', async () => {
    const said = await typed(...below('Shell'), ...below('By hand'));
    expect(said).toMatch(/^# Restore `Acme Stores`/);
    expect(await ask('restored', 'SELECT count(*) FROM acme.order_lines')).toBe('30000');
    expect(await ask('restored', `SELECT tableowner FROM pg_tables LIMIT 1`)).toBe('app_owner');
  });

  it('finds a backup that is damaged in the vault, and restores nothing of it', async () => {
    const backup = await oldest();
    const file = /\S+\.dump/.exec(commands.get('By hand')?.at(-1) ?? '')?.[0] ?? '';
    const bytes = await readFile(file);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const before = await schemas();
    const selves: string[] = [];
    for (const what of ['verify', 'restores']) {
      const answer = await api(`${backup}/${what}`, { method: 'POST' });
      selves.push(job.parse(await answer.json()).links.self);
    }
    const [verification, restore] = await Promise.all(selves.map(untilEnded));
    expect(verification).toMatchObject({ status: 'completed', result: { verdict: 'failed' } });
    expect(restore).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
    expect(await schemas()).toEqual(before);
    const shown: unknown = await (await api(backup)).json();
    expect(shown).toMatchObject({ status: 'completed', validation: 'failed' });
  });

  it('leaves nothing behind when it is killed while a scratch server runs', async () => {
    const isScratch = (line: string): boolean => line.includes('larder-pg-');
    expect((await api(`${await oldest()}/verify`, { method: 'POST' })).status).toBe(202);
    while (!(await processesOf(room.folder)).some(isScratch)) await wait(20);
    started.process.kill('SIGKILL');
    await started.ended;
    expect(await room.leftBehind()).toEqual([]);
  });
});
