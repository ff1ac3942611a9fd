import { describe, expect, it } from 'vitest';
import { readNaming } from '../../../../adapters/postgres/archive/entries-naming-live.ts';
import { openedOn } from '../../../support/servers.ts';
import { newDatabase, placesOf, restore, takeBackup } from '../support/restoring.ts';

/** All kinds of places in which a string constant names the live schema, and as many in which something else does. */
const SCHEMA = `
  CREATE SCHEMA acme; SET search_path = ''; CREATE SEQUENCE acme.s; CREATE TABLE acme.t (id int PRIMARY KEY, v text);
  CREATE FUNCTION acme.reads(r text) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM ' || r INTO n; RETURN n; END $$;
  CREATE FUNCTION acme.writes(r text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO ' || r || ' VALUES (9)'; RETURN 1; END $$;
  CREATE FUNCTION acme.through(r text) RETURNS bigint LANGUAGE sql AS 'SELECT acme.writes(r)';
  CREATE FUNCTION acme.fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DELETE FROM ' || tg_argv[0]; RETURN NEW; END $$;
  CREATE FUNCTION acme.passes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE DOMAIN acme.number AS bigint DEFAULT nextval('acme.s'::text) CHECK (VALUE <> length('acme.t'));
  CREATE TABLE acme.orders (
    no bigint DEFAULT nextval('acme.s'::text), bound bigint DEFAULT nextval('acme.s'::regclass), kind regclass DEFAULT 'acme.t',
    counted bigint DEFAULT acme.reads('acme.t'), booked bigint DEFAULT acme.through('"acme".t'), other text DEFAULT 'acmes.t',
    made text GENERATED ALWAYS AS ('acme.t' || no::text) STORED, v text CONSTRAINT "a check" CHECK (v <> 'acme.t'),
    CONSTRAINT xml CHECK (query_to_xml('SELECT 1 FROM acme.t', true, true, '') IS NOT NULL), CONSTRAINT plain CHECK (no > 0));
  CREATE INDEX named ON acme.orders (v) WHERE v <> 'acme.t'; CREATE INDEX unnamed ON acme.orders ((v || 'x'));
  CREATE POLICY p ON acme.orders USING (acme.reads('acme.t') > 0); CREATE POLICY q ON acme.orders USING (v = 'x');
  CREATE VIEW acme.shown AS SELECT query_to_xml('SELECT * FROM acme.t', true, true, '') AS x; CREATE VIEW acme.followed AS SELECT * FROM acme.t;
  CREATE VIEW acme.inserting AS SELECT query_to_xml('INSERT INTO acme.t VALUES (1) RETURNING 1', true, true, '') AS x;
  CREATE MATERIALIZED VIEW acme.kept AS SELECT 'acme.t'::text AS a;
  CREATE RULE r AS ON INSERT TO acme.orders DO ALSO INSERT INTO acme.t VALUES (nextval('acme.s'::text)); CREATE RULE u AS ON UPDATE TO acme.t DO ALSO SELECT 'acme.t';
  CREATE TRIGGER fired AFTER INSERT ON acme.t FOR EACH ROW EXECUTE FUNCTION acme.fires('acme.orders');
  CREATE TRIGGER asked AFTER INSERT ON acme.t FOR EACH ROW WHEN (NEW.v <> 'acme.t') EXECUTE FUNCTION acme.passes();
  CREATE TRIGGER silent AFTER INSERT ON acme.t FOR EACH ROW EXECUTE FUNCTION acme.passes('x');
  CREATE FUNCTION acme.body() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM acme.t';
  CREATE FUNCTION acme.quoted() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 'acme', true); DELETE FROM t; END $$;
  CREATE FUNCTION acme.path() RETURNS int LANGUAGE sql SET search_path = acme AS 'SELECT 1';
  CREATE FUNCTION acme.defaults(n bigint DEFAULT nextval('acme.s'::text)) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION acme.atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM acme.t; SELECT nextval('acme.s'::text); END;
  CREATE FUNCTION acme.follows() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM acme.t; END;
  CREATE FUNCTION acme.says() RETURNS int LANGUAGE sql AS $$ SELECT 1 -- of acme.t
  $$;
  COMMENT ON TABLE acme.t IS 'acme.t'; CREATE TYPE acme.label AS ENUM ('acme.t');`;

const READING = [
  'constraint "a check" of table "acme.orders"',
  'constraint "number_check" of domain "acme.number"',
  'constraint "xml" of table "acme.orders"',
  'function "acme.body"',
  'function "acme.path"',
  'index "acme.orders: named"',
  'materialized view "acme.kept"',
  'policy "acme.orders: p"',
  'rule "acme.t: u"',
  'the default of column "counted" of table "acme.orders"',
  'the generated value of column "made" of table "acme.orders"',
  'trigger "acme.t: asked"',
  'view "acme.shown"',
];
const WRITING = [
  'function "acme.atomic"',
  'function "acme.defaults"',
  'function "acme.quoted"',
  'function "acme.through"',
  'rule "acme.orders: r"',
  'the default of column "booked" of table "acme.orders"',
  'the default of column "no" of table "acme.orders"',
  'the default of domain "acme.number"',
  'trigger "acme.t: fired"',
  'view "acme.inserting"',
];

const on = openedOn([15, 18], async (postgres) => {
  const database = await newDatabase(postgres, SCHEMA);
  const of = (format: 'custom' | 'plain') => takeBackup(postgres, database, ['acme'], { format });
  return { postgres, database, custom: await of('custom'), plain: await of('plain') };
});
type Names = readonly { readonly what: string; readonly writes: boolean }[];
const split = (all: Names = []) => ({
  reading: all.flatMap(({ what, writes }) => (writes ? [] : [what])).sort(),
  writing: all.flatMap(({ what, writes }) => (writes ? [what] : [])).sort(),
});

describe.each([15, 18])(
  'on PostgreSQL %i what names the live schema in a string constant',
  (major) => {
    it.each(['custom', 'plain'] as const)(
      'is reported after its restore from %s',
      async (format) => {
        const made = on(major);
        const places = placesOf(made.custom, `_${format}`);
        const { namingLive } = await restore(made, made[format], { places });
        expect(split(namingLive)).toEqual({ reading: READING, writing: WRITING });
      },
    );

    it('is read from a table of contents, functions with their arguments', async () => {
      const { bytes } = on(major).custom;
      const read = async (from: number, length: number) => bytes.subarray(from, from + length);
      const { all, functions } = await readNaming({ read, schemas: ['acme'] });
      const unnamed = all.map(({ what, writes }) => ({
        what: what.replace(/^function (acme\.\w+)\(.*\)$/, 'function "$1"'),
        writes,
      }));
      expect(split(unnamed)).toEqual({ reading: READING, writing: WRITING });
      expect([...functions].sort()).toEqual([
        'acme.atomic()',
        'acme.body()',
        'acme.defaults(bigint)',
        'acme.path()',
        'acme.quoted()',
        'acme.through(text)',
      ]);
      expect(await readNaming({ read, schemas: ['other'] })).toEqual({ all: [], functions: [] });
    });

    it('is not reported if the restored schema has its name', async () => {
      const made = on(major);
      const wishes = { mode: 'swap', places: placesOf(made.custom, '_swapped') } as const;
      expect((await restore(made, made.custom, wishes)).namingLive).toBeUndefined();
    });
  },
);
