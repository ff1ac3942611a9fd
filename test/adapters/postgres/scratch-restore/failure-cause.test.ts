import { describe, expect, it } from 'vitest';
import { refusal } from '../../../../adapters/postgres/replay/statement-errors.ts';
import { blame } from '../../../../adapters/postgres/scratch/restore/failure-cause.ts';
import { missingElsewhere } from '../../../../adapters/postgres/scratch/restore/unknown-names.ts';
import { isRetryable } from '../../../../core/errors/base.ts';
import type { Manifest } from '../../../../core/manifest.ts';
import { pendingBackup } from '../../../support/backups.ts';
import { manifestOf } from '../../../support/manifests.ts';
import { NO_FAULT, OF_THE_BACKUP, OF_THE_SERVER } from './failure-cases.ts';

/** The cause of a server's error, if no real server can be made to report it, or only in minutes. */
const manifest: Manifest = manifestOf(pendingBackup(), {
  object: { key: '', bytes: 1, sha256: '' },
  tables: [{ schema: 'acme', name: 'words', kind: 'table', rows: 1, bytes: 1 }],
  functions: [{ schema: 'acme', name: 'known(text)' }],
});

const complaint = (code: string, message: string, where = '') =>
  Object.assign(new Error(message), { code, where });

const blamed = (code: string, message: string, where?: string) =>
  blame(refusal(complaint(code, message, where), { object: 'table "acme.words"' }), {
    manifest,
    pretended: [],
    emptied: false,
    missing: [],
    localeNotes: [],
    serverMajor: 18,
  });

describe('a lack of resources of the scratch server itself', () => {
  it.each(OF_THE_SERVER)(
    '(%s, %s) is no fault of the backup, and is tried again',
    (code, message) => {
      const error = blamed(code, message);
      expect(error).toMatchObject({
        name: 'ScratchFaltered',
        message: expect.stringContaining(code),
      });
      expect(isRetryable(error)).toBe(true);
    },
  );

  it.each(NO_FAULT)(
    '(%s, %s) that is permanent is no fault of the backup either',
    (code, message, where) => {
      const error = blamed(code, message, where);
      expect(error).toMatchObject({ name: 'RehearsalImpossible' });
      expect(isRetryable(error)).toBe(false);
    },
  );

  it.each(OF_THE_BACKUP)('is not %s, %s', (code, message) => {
    expect(blamed(code, message)).toMatchObject({ name: 'StatementRefused' });
  });
});

describe('a name that a server does not find', () => {
  const where = 'PL/pgSQL function acme.known(text) line 1 at RETURN';
  const missing = (code: string, message: string, within = where) => {
    const found = missingElsewhere({ code, message, where: within }, ['acme', 'a.b'], manifest);
    return found && `the ${found.kind} ${found.name}`;
  };

  it.each([
    ['42P01', 'relation "shared.rates" does not exist', 'the relation shared.rates'],
    [
      '42883',
      'function public.unaccent(unknown, text) does not exist',
      'the function public.unaccent',
    ],
    ['42883', 'function "public.unaccent" does not exist', 'the function public.unaccent'],
    [
      '42883',
      'operator does not exist: integer public.=== integer',
      'the operator integer public.=== integer',
    ],
    ['42883', 'operator does not exist: public.===(int, int)', 'the operator public.===(int, int)'],
    ['42704', 'type "shared.code" does not exist', 'the type shared.code'],
    ['42704', 'collation "de_DE" for encoding "UTF8" does not exist', 'the collation de_DE'],
    [
      '42704',
      'text search configuration "public.german" does not exist',
      'the text search configuration public.german',
    ],
    ['42704', 'unrecognized configuration parameter "app.tenant"', 'the setting app.tenant'],
    ['3F000', 'schema "shared" does not exist', 'the schema shared'],
    ['3D000', 'database "other" does not exist', 'the database other'],
    [
      '42883',
      'operator does not exist: acme.mood public.=== text',
      'the operator acme.mood public.=== text',
    ],
    ['42883', 'operator does not exist: text % text', 'the operator text % text'],
    ['42P01', 'relation "tacme.rates" does not exist', 'the relation tacme.rates'],
    ['42P01', 'relation "rates" does not exist', 'the relation rates'],
  ])('(%s, %s) is outside of the backup', (code, message, expected) => {
    expect(missing(code, message)).toBe(expected);
  });

  it.each([
    ['42P01', 'relation "acme.gone" does not exist'],
    ['42P01', 'relation "a.b.gone" does not exist'],
    ['42P01', 'relation "words" does not exist'],
    ['42883', 'function acme.gone(text) does not exist'],
    ['42883', 'function known(text) does not exist'],
    ['42883', 'operator does not exist: acme.mood = acme.mood'],
    ['42883', 'operator does not exist: integer acme.=== integer'],
    ['3F000', 'schema "acme" does not exist'],
    ['42703', 'column "x" does not exist'],
  ])("(%s, %s) is the backup's own", (code, message) => {
    expect(missing(code, message)).toBeUndefined();
  });

  it("is the backup's own if its own statement contains it", () => {
    expect(missing('42P01', 'relation "shared.rates" does not exist', '')).toBeUndefined();
  });
});
