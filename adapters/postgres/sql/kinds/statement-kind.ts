import type { Name } from './word-cursor.ts';

export type StatementKind =
  /** `SET name = value, ...`, `SELECT pg_catalog.set_config('name', 'value', ...)`. No values: DEFAULT. */
  | { readonly kind: 'setting'; readonly name: string; readonly values: readonly string[] }
  /** `SET SESSION AUTHORIZATION role`; null for DEFAULT and RESET. pg_dump uses it if the grantor is not the owner. */
  | { readonly kind: 'session-authorization'; readonly role: string | null }
  /** `SET ROLE role`; null for NONE and RESET. Written only with `--role`. */
  | { readonly kind: 'set-role'; readonly role: string | null }
  /** BEGIN, COMMIT, SAVEPOINT and the like: they would end or nest the restore's transaction. pg_dump writes some around large objects. */
  | { readonly kind: 'transaction'; readonly what: string }
  /** `CREATE SCHEMA name`; older dumps without owners add AUTHORIZATION. */
  | { readonly kind: 'create-schema'; readonly schema: string }
  | { readonly kind: 'comment-on-schema'; readonly schema: string }
  /** `schema` is the extension's schema; null if the statement does not name one. */
  | {
      readonly kind: 'create-extension';
      readonly extension: string;
      readonly schema: string | null;
    }
  | { readonly kind: 'comment-on-extension'; readonly extension: string }
  | { readonly kind: 'alter-extension'; readonly extension: string }
  /** `ALTER TABLE [ONLY] table ADD CONSTRAINT name FOREIGN KEY ... REFERENCES references ...` */
  | {
      readonly kind: 'foreign-key';
      readonly table: Name;
      /** False for a partitioned table, whose partitions get the key as well. */
      readonly only: boolean;
      readonly constraint: string;
      readonly references: Name;
      readonly notValid: boolean;
    }
  /** `COMMENT ON CONSTRAINT name ON table`, which needs the constraint to exist; for a domain it is `other`. */
  | { readonly kind: 'comment-on-constraint'; readonly table: Name; readonly constraint: string }
  /** `ALTER TABLE [ONLY] parent ATTACH PARTITION child ...` */
  | { readonly kind: 'attach-partition'; readonly parent: Name; readonly child: Name }
  /** `ALTER INDEX parent ATTACH PARTITION child` */
  | { readonly kind: 'attach-index'; readonly parent: Name; readonly child: Name }
  /**
   * `ALTER what name OWNER TO role`. `what` is in lower case, as written: up to PostgreSQL 15 it is `table` for a view and a
   * sequence.
   */
  | { readonly kind: 'owner'; readonly what: string; readonly on: Name; readonly role: string }
  /** GRANT and REVOKE on one object. `what` is for example `table`, `schema`, `function`, `large object`. */
  | {
      readonly kind: 'grant' | 'revoke';
      readonly what: string;
      readonly on: Name;
      /** In the order written, without PUBLIC. */
      readonly roles: readonly string[];
      readonly public: boolean;
    }
  /** ALTER DEFAULT PRIVILEGES */
  | {
      readonly kind: 'default-privileges';
      readonly action: 'grant' | 'revoke';
      /** Owner of the new objects; null for the session's user. */
      readonly role: string | null;
      /** Null for all schemas. */
      readonly schema: string | null;
      readonly roles: readonly string[];
      readonly public: boolean;
    }
  /**
   * `what` is for example `table`, `materialized view`, `function`, `operator class`; `table` is set if the object belongs to
   * one.
   */
  | {
      readonly kind: 'create';
      readonly what: string;
      readonly schema: string | null;
      readonly name: string;
      /** The table of an index, trigger, rule or policy; they are in its schema. */
      readonly table?: Name;
    }
  /** Any other ALTER of one object. */
  | { readonly kind: 'alter'; readonly what: string; readonly on: Name }
  /** REFRESH MATERIALIZED VIEW */
  | { readonly kind: 'refresh'; readonly view: Name }
  /** `COPY table (columns) FROM stdin`; no columns if it names none, as for a table without columns. */
  | { readonly kind: 'copy'; readonly table: Name; readonly columns: readonly string[] }
  /**
   * `SELECT pg_catalog.setval('sequence', value, called)`; `text` is the sequence's name, quoted as in the
   * statement.
   */
  | {
      readonly kind: 'sequence-value';
      readonly text: string;
      readonly value: string;
      readonly called: boolean;
    }
  /** CREATE, ALTER or COMMENT ON an object of the database, not of a schema. ALTER ... OWNER TO is an `owner`. */
  | {
      readonly kind: 'publication' | 'subscription' | 'event-trigger';
      readonly action: 'create' | 'alter' | 'comment';
      readonly name: string;
    }
  | { readonly kind: 'other' };
