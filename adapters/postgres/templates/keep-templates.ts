import { createHash } from 'node:crypto';
import pg from 'pg';
import { TEMPLATES } from '../../../core/contract.ts';
import { describeError } from '../../../core/errors/base.ts';
import type { Clock, Log } from '../../../core/ports.ts';
import type { ServerFacts } from '../../../core/snapshot-ports.ts';
import type { TemplateStore, TurnedOff } from '../../../core/template-ports.ts';
import { VERSION } from '../../../core/version.ts';
import { templateArguments } from '../engine/fresh-template.ts';
import type { Template, TemplateOf, TemplateRequest } from '../engine/template.ts';
import { readEnvironment } from '../fingerprint/environment.ts';
import { readNeverKept } from '../fingerprint/never-kept.ts';
import { digestObjects, findObjects } from '../fingerprint/schema-fingerprint.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import { firstDifference } from './same-contents.ts';
import { decodeEntry, encodeEntry, type KeptEntry } from './template-entry.ts';
import type { TemplateMemory } from './template-memory.ts';

/**
 * Gives the template that was kept for a schema as long as its fingerprint stands, so that stock pg_dump, which reads the catalogs of all
 * schemas, need not run. What can't be kept, or can't be known to be true, is made anew. Nothing here can fail an export: if the store
 * can't be reached, a template is made as if there were none.
 *
 * A template is kept only if the fingerprint in the export's snapshot is also that of a new snapshot after pg_dump has ended. pg_dump
 * reads definitions as they are when it asks for them, not as they were in its snapshot
 * (https://www.postgresql.org/docs/current/app-pgdump.html), so without this it might be another's.
 *
 * One use in fifty is compared with what pg_dump writes. A difference means that the fingerprint misses something: then nothing that was kept
 * is used for this source until an operator has looked.
 */
export interface KeepOptions {
  readonly store: TemplateStore;
  readonly memory: TemplateMemory;
  /** Version of the pg_dump that would run. */
  readonly dumpVersion: (server: ServerFacts) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called where a kept template was wrong. */
  readonly onDifference: (why: TurnedOff) => void;
  /** Random number from 0 to below 1. */
  readonly chance?: () => number;
}

/** What a template depends on, as of one snapshot. */
interface State {
  readonly fingerprint: string;
  readonly environment: string;
  readonly nextTransaction: string;
}

const NEXT_TRANSACTION = `
  SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text AS next`;

/**
 * Reads in a transaction of its own, so that an error does not end the export's. All is sent at once: what others send over the same
 * session comes before it or behind it, and never into a transaction that has failed.
 * @param snapshot another session's, or none for the present state
 */
const readIn = async <T extends readonly unknown[]>(
  client: pg.Client,
  snapshot: string | undefined,
  ...reads: { readonly [K in keyof T]: () => Promise<T[K]> }
): Promise<T> => {
  const take = snapshot && `SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(snapshot)}`;
  const read = () => atOnce<T>(client, ...reads);
  try {
    const [, , found] = await atOnce(
      client,
      () => client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'),
      async () => take && (await client.query(take)),
      read,
      () => client.query('COMMIT'),
    );
    return found;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
};

/**
 * The second transaction has the first one's snapshot, if one is given. The present state may be of two moments: what was changed before the
 * first is seen, and no more is asked.
 */
const readState = async (
  client: pg.Client,
  schemas: readonly string[],
  snapshot?: string,
): Promise<State> => {
  const [found, environment, { rows }] = await readIn(
    client,
    snapshot,
    () => findObjects(client, schemas),
    () => readEnvironment(client),
    () => client.query<{ next: string }>(NEXT_TRANSACTION),
  );
  const [fingerprint] = await readIn(client, snapshot, () => digestObjects(client, found));
  return { fingerprint, environment, nextTransaction: rows[0]?.next ?? '' };
};

const digest = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

const DAY_MS = 86_400_000;

interface Wanted {
  /** Of the entry: the same for each export of the same schemas. */
  readonly name: string;
  readonly key: string;
  readonly state: State;
}

/** Undefined for an entry of other definitions, of a server that was set back, or that has ended. */
const usable = (bytes: Buffer | undefined, { key, state }: Wanted, now: number) => {
  const entry = bytes && decodeEntry(bytes);
  if (entry?.key !== key || now >= Date.parse(entry.endsAt)) return undefined;
  return BigInt(state.nextTransaction) < BigInt(entry.nextTransaction) ? undefined : entry;
};

class Keeper {
  readonly #fresh: TemplateOf;
  readonly #options: KeepOptions;
  readonly #observer: pg.Client;

  /** @param observer a session outside of any transaction, whose queries see the present state */
  constructor(fresh: TemplateOf, options: KeepOptions, observer: pg.Client) {
    this.#fresh = fresh;
    this.#options = options;
    this.#observer = observer;
  }

  async templateOf(request: TemplateRequest): Promise<Template> {
    const wanted = await this.#wanted(request);
    if (!wanted) return await this.#fresh(request);
    const found = await this.#find(wanted);
    const { chance = Math.random } = this.#options;
    if (found && chance() * TEMPLATES.checkedOneIn >= 1) return found.template;
    const template = await this.#fresh(request);
    await this.#attempt('a template could not be kept', () =>
      found
        ? this.#compare(request, wanted, found, template)
        : this.#keep(request, wanted, template),
    );
    return template;
  }

  /** Undefined where keeping is turned off, or where it is unknown. */
  async #wanted(request: TemplateRequest): Promise<Wanted | undefined> {
    const { store, dumpVersion } = this.#options;
    const isOff = await this.#attempt('it is unknown whether templates may be used', () =>
      store.isTurnedOff(),
    );
    if (isOff !== false) return undefined;
    const read = await this.#attempt('the fingerprint of a schema could not be read', () =>
      Promise.all([
        dumpVersion(request.server),
        readState(this.#observer, request.schemas, request.snapshotId),
      ]),
    );
    if (!read) return undefined;
    const [version, state] = read;
    const given = templateArguments(request);
    const { fingerprint, environment } = state;
    return {
      name: digest(given),
      key: digest(VERSION, fingerprint, environment, version, given),
      state,
    };
  }

  async #find(wanted: Wanted): Promise<KeptEntry | undefined> {
    const { store, memory, clock } = this.#options;
    const { name } = wanted;
    const inMemory = usable(memory.get(name), wanted, clock());
    if (inMemory) return inMemory;
    const stored = await this.#attempt('kept templates could not be read', () => store.read(name));
    const found = usable(stored, wanted, clock());
    if (stored && found) memory.set(name, stored);
    return found;
  }

  /** Whether nothing has changed from the export's snapshot until now. */
  async #stands({ schemas }: TemplateRequest, { state }: Wanted): Promise<boolean> {
    const now = await readState(this.#observer, schemas);
    return now.fingerprint === state.fingerprint && now.environment === state.environment;
  }

  async #keep(request: TemplateRequest, wanted: Wanted, template: Template): Promise<void> {
    if (!(await this.#stands(request, wanted))) return;
    if ((await readNeverKept(this.#observer, request.schemas)) !== undefined) return;
    const { store, memory, clock, chance = Math.random } = this.#options;
    const { mostDays, leastDays, mostBytes } = TEMPLATES;
    const now = clock();
    const days = leastDays + chance() * (mostDays - leastDays);
    const { name, key, state } = wanted;
    const entry = encodeEntry({
      key,
      madeAt: new Date(now).toISOString(),
      endsAt: new Date(now + days * DAY_MS).toISOString(),
      nextTransaction: state.nextTransaction,
      template,
    });
    if (entry.length > mostBytes) return;
    memory.set(name, entry);
    await store.write(name, entry);
  }

  async #compare(
    request: TemplateRequest,
    wanted: Wanted,
    { madeAt, template }: KeptEntry,
    fresh: Template,
  ): Promise<void> {
    const entry = firstDifference(template.contents, fresh.contents);
    // pg_dump may have seen a change that was made meanwhile.
    if (entry === undefined || !(await this.#stands(request, wanted))) return;
    const { store, memory, clock, log, onDifference } = this.#options;
    const why = { at: new Date(clock()).toISOString(), schemas: request.schemas, madeAt, entry };
    log.error('a kept template is not what pg_dump writes; none is used from now on', why);
    onDifference(why);
    memory.delete(wanted.name);
    await store.turnOff(why);
  }

  /** Undefined if it failed, which costs time and nothing else. */
  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.log.warn(what, { error: describeError(error).name });
      return undefined;
    }
  }
}

/** @returns for the observer of an export, what gives its template */
export const keepTemplates =
  (fresh: TemplateOf, options: KeepOptions): ((observer: pg.Client) => TemplateOf) =>
  (observer) => {
    const keeper = new Keeper(fresh, options, observer);
    return (request) => keeper.templateOf(request);
  };
