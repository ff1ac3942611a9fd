import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import { quoted } from '../../../core/errors/base.ts';
import { LockTimeout } from '../../../core/errors/schema.ts';
import type { SchemaPlace } from '../../../core/restore.ts';
import type { MarkerSecret, Renamed, RenameOptions } from '../../../core/restore-ports.ts';
import { dependentOf, findDependents } from '../dependents/find-dependents.ts';
import type { Repointed } from '../dependents/repoint.ts';
import { refusal } from '../replay/statement-errors.ts';
import { schemaOids } from '../schema-names/schema-names.ts';
import { backendOf } from '../session/backend.ts';
import type { RestoreAccess } from '../session/restore-access.ts';
import { isLost, isRace } from '../session/server-messages.ts';
import { connect, disconnect, withSession } from '../session/session.ts';
import { commit } from './commit.ts';
import { type Exchanged, exchange, isExchanged, placesSetAside } from './exchange.ts';

/**
 * Tries the exchange of names until it succeeds or the tries run out. Writers wait meanwhile, but never long: the exchange waits only
 * briefly for its locks, and releases all of them if another session holds one longer.
 */
/** The name of its session. */
export const exchangeSession = (restoreId: string): string =>
  `${APPLICATION}/exchange/${restoreId}`;

const LONGEST_WAIT_MS = 300;
const TRIES = 20;
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

/** If a worker vanishes, other sessions must not wait until the network reports it. */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL idle_in_transaction_session_timeout = 2000`;

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;
/** Lock timeout, deadlock, statement timeout; or another exchange moved the names while this one waited: the next try sees that. */
const BUSY: readonly unknown[] = ['55P03', '40P01', '57014', '3F000', '42P06', '42P01'];

/** Leaves its transaction open, if there is one. @returns undefined if the names were exchanged before */
const exchangePatiently = async (
  client: pg.Client,
  access: RestoreAccess,
  by: MarkerSecret,
  places: readonly SchemaPlace[],
  options: RenameOptions,
): Promise<Exchanged | undefined> => {
  const { lockTimeoutMs, signal } = options;
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query(BEGIN);
      if (await isExchanged(client, by, places)) return undefined;
      return await exchange(client, access, by, places, options);
    } catch (error) {
      if (isLost(error)) throw error;
      await client.query('ROLLBACK');
      // Another attempt may have exchanged them after the check above: then names are taken or schemas missing.
      if (await isExchanged(client, by, places)) return undefined;
      if (!BUSY.includes(codeOf(error)) && !isRace(error)) throw error;
      if (tries === TRIES) {
        const schemas = places.map(({ from }) => quoted(from)).join(', ');
        throw new LockTimeout(
          schemas,
          Math.min(lockTimeoutMs, LONGEST_WAIT_MS),
          `other sessions were writing to its tables at each of ${TRIES} tries`,
          `Schema ${schemas}`,
        );
      }
    }
    await sleep(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (tries - 1)), undefined, { signal });
  }
};

/** @throws RestoreInterrupted */
export const lookExchanged = async (
  access: RestoreAccess,
  by: MarkerSecret,
  places: readonly SchemaPlace[],
): Promise<boolean> => {
  const session = { applicationName: `${APPLICATION}/aftermath`, statementTimeoutMs: 15_000 };
  try {
    return await withSession(access, session, (client) => isExchanged(client, by, places));
  } catch (error) {
    throw refusal(error, { object: 'the check of the exchanged names' });
  }
};

/** Dependents that an earlier exchange left outside, found by what depends on either schema now. */
const lookAfter = async (client: pg.Client, places: readonly SchemaPlace[]): Promise<Repointed> => {
  const aside = placesSetAside(places);
  const find = (names: readonly string[]) => findDependents(client, names, []);
  const stay = await find(aside.map(({ to }) => to));
  const now = await find(aside.map(({ from }) => from));
  return {
    dependents: [
      // Their definitions name the schema under its present name.
      ...stay.map((one) => dependentOf({ ...one, statements: [] }, 'not-done')),
      ...now.map(({ obstacle: _, ...one }) => dependentOf(one, 'done')),
    ],
    keys: now.flatMap(({ key }) => {
      if (!key?.neverValidated) return [];
      const { neverValidated: _, ...loose } = key;
      return [loose];
    }),
  };
};

/** @throws RestoreInterrupted */
export const lookAfterExchange = async (
  access: RestoreAccess,
  places: readonly SchemaPlace[],
): Promise<Repointed> => {
  const session = { applicationName: `${APPLICATION}/aftermath`, statementTimeoutMs: 15_000 };
  try {
    return await withSession(access, session, (client) => lookAfter(client, places));
  } catch (error) {
    throw refusal(error, { object: 'the check of the exchanged names' });
  }
};

/** @throws LockTimeout, SchemaNotFound, SchemaNotOwned, RestoreRefused, RestoreInterrupted */
export const rename = async (
  access: RestoreAccess,
  by: MarkerSecret,
  places: readonly SchemaPlace[],
  options: RenameOptions,
): Promise<Renamed> => {
  const { lockTimeoutMs, signal } = options;
  const applicationName = exchangeSession(by.restoreId);
  const wait = Math.min(lockTimeoutMs, LONGEST_WAIT_MS);
  const client = await connect(access, {
    applicationName,
    writes: true,
    lockTimeoutMs: wait,
    signal,
  });
  try {
    const backend = await backendOf(client);
    const done = await exchangePatiently(client, access, by, places, options);
    if (!done) return { names: 'already', ...(await lookAfter(client, places)) };
    const { oids, dependents, keys } = done;
    const happened = async (): Promise<boolean> => {
      const observer = await connect(access, { applicationName: `${APPLICATION}/aftermath` });
      try {
        const now = await schemaOids(
          observer,
          places.map(({ to }) => to),
        );
        return places.every(({ from, to }) => now.get(to) === oids.get(from));
      } finally {
        await disconnect(observer);
      }
    };
    await commit({ access, client, backend, happened });
    return { names: 'renamed', dependents, keys };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw refusal(error, { object: 'the exchange of names', lockTimeoutMs: wait });
  } finally {
    await disconnect(client);
  }
};
