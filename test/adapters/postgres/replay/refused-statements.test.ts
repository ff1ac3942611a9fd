import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { newDatabase, restore, schemasIn, surveyOf, takeBackup } from '../support/restoring.ts';

/** A server's error for a statement, under names that tell a person what to do; never with a row's values. */
let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres(18);
});
afterAll(() => postgres.stop());

const refusedWith = async (setup: string, change?: (text: string) => string) => {
  const database = await newDatabase(postgres, setup);
  const stored = await takeBackup(postgres, database, ['acme'], {
    format: 'plain',
    compression: 'none',
  });
  const bytes = change ? Buffer.from(change(stored.bytes.toString())) : stored.bytes;
  const error = await restore({ postgres, database }, stored, { bytes }).then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(await schemasIn(postgres, database)).not.toContain('acme_restored');
  return error;
};

const T = `CREATE SCHEMA acme; CREATE TABLE acme.t (id int PRIMARY KEY, v text CHECK (v <> 'bad'));
  INSERT INTO acme.t VALUES (1, 'secret one'), (2, 'secret two'), (3, 'secret three');`;

describe('a statement that the server refuses', () => {
  it('because a function uses unqualified names is reported with the function and the remedy', async () => {
    const error = await refusedWith(
      `${T} CREATE FUNCTION acme.knows(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM t WHERE id = $1); END';
       SET search_path = acme; CREATE TABLE acme.checked (t int CHECK (acme.knows(t))); INSERT INTO acme.checked VALUES (1); RESET search_path;`,
    );
    expect(error).toMatchObject({ name: 'StatementRefused', retryable: false });
    expect(error?.message).toContain('the rows of table "acme.checked"');
    expect(error?.message).toContain('relation "t" does not exist');
    expect(error?.message).toContain('ALTER ROUTINE acme.knows(integer) SET search_path = "acme"');
  });

  it('because an event trigger is not allowed its action is reported with its function', async () => {
    const database = await newDatabase(postgres, T);
    const target = { postgres, database };
    const stored = await takeBackup(postgres, database, ['acme']);
    await postgres.sql(
      `CREATE TABLE public.log (tag text); CREATE FUNCTION public.logs() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log VALUES (tg_tag); END';
       CREATE EVENT TRIGGER logging ON ddl_command_end EXECUTE FUNCTION public.logs()`,
      database,
    );
    await expect(restore(target, stored)).rejects.toMatchObject({
      name: 'StatementRefused',
      message: expect.stringMatching(
        /permission denied for table log, in function public\.logs\(\) \(42501\), .*event triggers.*grant the right to .*SECURITY DEFINER instead\. Nothing was restored\.$/,
      ),
    });
    await postgres.sql('ALTER FUNCTION public.logs() SECURITY DEFINER', database);
    await restore(target, stored);
  });

  it('among rows is reported with the line and the column, and no value', async () => {
    const error = await refusedWith(T, (text) => text.replace('2\tsecret', 'two\tsecret'));
    expect(error).toMatchObject({ name: 'StatementRefused' });
    expect(error?.message).toMatch(/the rows of table "acme\.t".* at line 2, column id \(22P02\)/);
    expect(error?.message).not.toMatch(/secret|two/);
  });

  it('because of a constraint is reported with its name, and no value', async () => {
    const error = await refusedWith(T, (text) => text.replace('secret three', 'bad'));
    expect(error?.message).toMatch(/violates check constraint "t_v_check" at line 3/);
    expect(error?.message).not.toContain('secret');
    const double = await refusedWith(T, (text) => text.replace('3\tsecret', '1\tsecret'));
    expect(double?.message).toMatch(/could not create unique index "t_pkey"/);
  });

  it('from the backup’s own code is reported with its position, and not with its message', async () => {
    const error = await refusedWith(
      `CREATE SCHEMA acme; CREATE FUNCTION acme.check(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF $1 = 'b' THEN RAISE 'this is secret: %', $1; END IF; RETURN true; END $$;
       CREATE TABLE acme.t (v text CHECK (acme.check(v))); INSERT INTO acme.t VALUES ('a');`,
      (text) => text.replace('\na\n', '\na\nb\n'),
    );
    expect(error?.message).toMatch(/own code, in function acme\."check"\(text\)/);
    expect(error?.message).not.toContain('secret');
  });

  it('because a right is missing is reported with a pointer to the roles', async () => {
    const error = await refusedWith(
      `RESET ROLE; CREATE SCHEMA hidden; CREATE TYPE hidden.mood AS ENUM ('ok'); GRANT USAGE ON SCHEMA hidden TO app_owner; SET ROLE app_owner;
       CREATE SCHEMA acme; CREATE TABLE acme.t (m hidden.mood);
       RESET ROLE; REVOKE USAGE ON SCHEMA hidden FROM app_owner`,
    );
    expect(error).toMatchObject({ name: 'PermissionMissing' });
    expect(error?.message).toMatch(
      /table "acme\.t": permission denied for schema hidden.*docs\/roles\.md/,
    );
  });

  it('because another session locks what it needs is tried again', async () => {
    const database = await newDatabase(
      postgres,
      `CREATE SCHEMA shared; CREATE TABLE shared.u (id int); CREATE SCHEMA acme; CREATE VIEW acme.v AS SELECT * FROM shared.u`,
    );
    const stored = await takeBackup(postgres, database, ['acme']);
    const holder = await postgres.session(database);
    await holder.query('BEGIN; LOCK TABLE shared.u');
    await expect(
      restore({ postgres, database }, stored, { lockTimeoutMs: 200 }),
    ).rejects.toMatchObject({
      name: 'LockTimeout',
      retryable: true,
      message: expect.stringMatching(/view "?acme\.v/i),
    });
    await holder.end();
  });
});

describe('what is left out is reported', () => {
  it('a tablespace that the server does not have', async () => {
    const database = await newDatabase(postgres, T);
    const stored = await takeBackup(postgres, database, ['acme'], {
      format: 'plain',
      compression: 'none',
    });
    const text = stored.bytes
      .toString()
      .replace("SET default_tablespace = '';", 'SET default_tablespace = "fast ""disk""";');
    const loaded = await restore({ postgres, database }, stored, { bytes: Buffer.from(text) });
    expect(loaded.leftOut).toMatchObject([{ what: 'tablespace "fast \\"disk\\""' }]);
  });

  it('definitions without rows are restored as such', async () => {
    const database = await newDatabase(postgres, T);
    const stored = await takeBackup(postgres, database, ['acme'], { content: 'schema' });
    expect((await surveyOf({ postgres, database }, stored)).warnings.join()).toContain(
      'no table will have rows',
    );
    expect(await restore({ postgres, database }, stored)).toMatchObject({ tables: 1, rows: 0 });
  });
});
