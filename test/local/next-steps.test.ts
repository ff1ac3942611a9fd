import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
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
  mode: z.string(),
  outcome: z.object({ schemas: z.array(z.object({ to: z.string() })) }).optional(),
});
type Job = z.infer<typeof job>;

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
const typed = async (...sections: readonly string[]): Promise<string> => {
  const lines = sections.flatMap((name) => commands.get(name) ?? [`false # no section ${name}`]);
  const { stdout } = await run('bash', ['-c', `set -euo pipefail\n${lines.join('\n')}`]);
  return stdout;
};

/** What `psql` says, as somebody in the same shell would see it. */
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

describe('what a start prints at its end works when it is typed in', { timeout: PATIENCE }, () => {
  it('restores a tenant beside its live schema, and shows it', async () => {
    await ask('saas', `UPDATE acme.products SET name = 'changed since'`);
    const said = await typed('Shell', 'Restore');
    const shown = restoreShown.parse(JSON.parse(/^\{.*\}$/m.exec(said)?.[0] ?? '{}'));
    expect(shown).toMatchObject({ status: 'completed', mode: 'beside' });
    const [{ to: beside = '' } = {}] = shown.outcome?.schemas ?? [];
    expect(beside).toMatch(/^acme_restored_/);
    expect(said).toContain(beside);
    expect(await schemas()).toEqual(['acme', beside]);
    const changed = `count(*) FILTER (WHERE name = 'changed since') = count(*)`;
    expect(await ask('saas', `SELECT ${changed} FROM acme.products`)).toBe('t');
    expect(await ask('saas', `SELECT count(*) FROM ${beside}.orders`)).toBe('15000');
    expect(await ask('saas', `SELECT ${changed} FROM ${beside}.products`)).toBe('f');
    await ask('saas', `DROP SCHEMA ${beside} CASCADE`);
  });

  it('puts it in the live schema’s place and exchanges them back', async () => {
    const [address = ''] = commands.get('Restore') ?? [];
    commands.set('Address', [address]);
    const said = await typed('Shell', 'Address', 'Swap');
    // What the wait ended with, and what undoing answers.
    const [swapped, asked] = said
      .split('\n')
      .flatMap((text) => (text.startsWith('{') ? [restoreShown.parse(JSON.parse(text))] : []));
    expect(swapped).toMatchObject({ status: 'completed', mode: 'swap' });
    expect(asked?.mode).toBe('undo');
    const undone = await untilEnded(asked?.links.self ?? '');
    expect(undone.error).toBeUndefined();
    expect(undone.status).toBe('completed');
    expect(await schemas()).toEqual(['acme', expect.stringMatching(/^acme_undone_/)]);
    expect(
      await ask('saas', `SELECT count(*) FROM acme.products WHERE name = 'changed since'`),
    ).toBe('500');
  });

  it('gives the guide, and brings the backup back by hand', async () => {
    const said = await typed('Shell', 'By hand');
    expect(said).toMatch(/^# Bring back `Acme Stores`/);
    expect(await ask('restored', 'SELECT count(*) FROM acme.order_lines')).toBe('30000');
    expect(await ask('restored', `SELECT tableowner FROM pg_tables LIMIT 1`)).toBe('app_owner');
  });

  it('finds a backup that is damaged in the vault, and restores nothing of it', async () => {
    const [backup = ''] = /http\S+/.exec(commands.get('Restore')?.[0] ?? '') ?? [];
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
    const [address = ''] = commands.get('Restore') ?? [];
    const isScratch = (line: string): boolean => line.includes('larder-pg-');
    await run('bash', [
      '-c',
      `${address.trim()}; curl -sf -K ${path.join(room.dataDir, 'api.curl')} -X POST $B/verify`,
    ]);
    while (!(await processesOf(room.folder)).some(isScratch)) await wait(20);
    started.process.kill('SIGKILL');
    await started.ended;
    expect(await room.leftBehind()).toEqual([]);
  });
});
