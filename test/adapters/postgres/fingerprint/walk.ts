import pg from 'pg';
import { readEnvironment } from '../../../../adapters/postgres/fingerprint/environment.ts';
import { readNeverKept } from '../../../../adapters/postgres/fingerprint/never-kept.ts';
import { readFingerprint } from '../../../../adapters/postgres/fingerprint/schema-fingerprint.ts';
import { PLANNED_BY_INDEX } from '../../../../adapters/postgres/session/planned-by-index.ts';
import { startupOptions } from '../../../../adapters/postgres/session/session-settings.ts';
import { PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { contentsOf, LOOKER } from './contents.ts';

/** What a change did to the fingerprint: `missed` if only the table of contents changed, `needless` if only the fingerprint did. */
export type Seen = 'changed' | 'unchanged' | 'missed' | 'needless';

export interface Walk {
  /** Fingerprint and environment. */
  read(): Promise<string>;
  execute(sql: string): Promise<unknown>;
  /** The missed changes, and the lines of the table of contents that they changed. */
  missed(): string;
  /** Executes and commits. @param isAsked pg_dump is asked even if the fingerprint changed */
  change(sql: string, isAsked?: boolean): Promise<Seen>;
  /** The same for what may be impossible, or lead to what is never kept: then nothing is missed. */
  tryChange(sql: string): Promise<Seen>;
  end(): Promise<void>;
}

const options = startupOptions({ ...PLANNED_BY_INDEX, jit: 'off' });
/** What no transaction can be around. */
const ALONE = /\b(BEGIN|VACUUM)\b/;

const differing = (before: string, now: string): string[] => {
  const [old, fresh] = [before.split('\n'), now.split('\n')];
  const count = Math.max(old.length, fresh.length);
  const at = Array.from({ length: count }, (_, i) => i).find((i) => old[i] !== fresh[i]) ?? 0;
  return [`before: ${old[at]}`, `now: ${fresh[at]}`];
};

export const openWalk = async (
  postgres: Postgres,
  database: string,
  schema: string,
  flags: readonly string[] = [],
): Promise<Walk> => {
  await postgres.sql(
    `DROP ROLE IF EXISTS ${LOOKER}; CREATE ROLE ${LOOKER} SUPERUSER LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)}`,
  );
  const client = await postgres.session(database, 'postgres', options);
  await client.query('SET client_min_messages = error');
  const read = async (): Promise<string> =>
    `${await readFingerprint(client, [schema])} ${await readEnvironment(client)}`;
  const missedLines: string[] = [];
  /** As the last change has left it: nobody else changes anything. */
  let last: string | undefined;
  const contents = () => contentsOf(postgres, database, schema, flags);

  /** pg_dump is asked before and after. */
  const asked = async (sql: string): Promise<Seen> => {
    const before = { print: await read(), contents: await contents() };
    await client.query(sql);
    last = await read();
    const isNew = last !== before.print;
    const now = await contents();
    const isSame = now === before.contents;
    if (!isSame && !isNew) missedLines.push(sql, ...differing(before.contents, now));
    if (isSame) return isNew ? 'needless' : 'unchanged';
    return isNew ? 'changed' : 'missed';
  };

  const change = async (sql: string, isAsked = ALONE.test(sql)): Promise<Seen> => {
    if (isAsked || ALONE.test(sql)) return await asked(sql);
    const before = last ?? (await read());
    await client.query('BEGIN');
    try {
      await client.query(sql);
      last = await read();
      if (last !== before) {
        await client.query('COMMIT');
        return 'changed';
      }
    } catch (error) {
      await client.query('ROLLBACK');
      last = before;
      throw error;
    }
    await client.query('ROLLBACK');
    return await asked(sql);
  };

  return {
    read,
    missed: () => missedLines.join('\n'),
    execute: (sql) => client.query(sql),
    change,
    tryChange: async (sql) => {
      try {
        const seen = await change(sql);
        const isKept = (await readNeverKept(client, [schema])) === undefined;
        return seen === 'missed' && !isKept ? 'unchanged' : seen;
      } catch (error) {
        if (error instanceof pg.DatabaseError) return 'unchanged';
        throw error;
      }
    },
    end: () => client.end(),
  };
};
