/**
 * Finds PostgreSQL's programs on disk: in the layers under /opt/postgres, in a layer's folder on a developer's machine, or in Debian's
 * folder (/usr/lib/postgresql). Only this file knows the layout of the folders.
 */
import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';

/** Where Lambda unpacks both layers. */
export const LAYER_ROOT = '/opt/postgres';

/** Absolute paths of one major's programs. `pgDumpall` starts `pgDump` by a shell (/bin/sh). */
export type ClientPrograms = {
  major: number;
  pgDump: string;
  pgDumpall: string;
  pgRestore: string;
  psql: string;
};

/** Absolute paths. `initdb` and `pgCtl` start shells of their own (/bin/sh); `postgres` does not. */
export type ServerPrograms = {
  major: number;
  initdb: string;
  pgCtl: string;
  postgres: string;
  /** Environment variables that the server's extensions need, to be added to the server's. */
  environment: Readonly<Record<string, string>>;
};

export type ProgramFiles = {
  /** In the order of their majors, as is `servers`; empty if the root has none. */
  clients: readonly ClientPrograms[];
  servers: readonly ServerPrograms[];
  /** For the compression for which Lambda's system has no program. */
  bzip2: string | undefined;
  /** Certificate authorities of RDS, Aurora and RDS Proxy, a PEM file. */
  rdsCertificates: string | undefined;
};

/**
 * @param roots searched in order; a major that several have is taken from the first. A root that is missing or empty is no error: the
 *   caller knows what it needs.
 */
export async function findProgramFiles(...roots: readonly string[]): Promise<ProgramFiles> {
  const clients = new Map<number, ClientPrograms>();
  const servers = new Map<number, ServerPrograms>();
  let bzip2: string | undefined;
  let rdsCertificates: string | undefined;
  for (const root of roots.map((one) => path.resolve(one))) {
    for (const [major, bin] of await bins(root)) {
      const client = await clientIn(major, bin);
      const server = await serverIn(major, bin, root);
      if (client && !clients.has(major)) clients.set(major, client);
      if (server && !servers.has(major)) servers.set(major, server);
    }
    bzip2 ??= await present(path.join(root, 'bin', 'bzip2'), constants.X_OK);
    rdsCertificates ??= await present(path.join(root, 'certs', 'rds-ca.pem'), constants.R_OK);
  }
  const inOrder = <T extends { major: number }>(found: Map<number, T>) =>
    [...found.values()].sort((a, b) => a.major - b.major);
  return { clients: inOrder(clients), servers: inOrder(servers), bzip2, rdsCertificates };
}

/** The majors of some programs, for `chooseMajor`. */
export function majorsOf(programs: readonly { major: number }[]): number[] {
  return programs.map((one) => one.major);
}

async function bins(root: string): Promise<[number, string][]> {
  const found: [number, string][] = [];
  // The server's folders keep the layout in which PostgreSQL finds its own templates and modules.
  for (const folder of [root, path.join(root, 'server', 'lib', 'postgresql')]) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (/^\d{2}$/.test(name)) found.push([Number(name), path.join(folder, name, 'bin')]);
    }
  }
  return found;
}

async function clientIn(major: number, bin: string): Promise<ClientPrograms | undefined> {
  const [pgDump, pgDumpall, pgRestore, psql] = await all(bin, [
    'pg_dump',
    'pg_dumpall',
    'pg_restore',
    'psql',
  ]);
  if (!pgDump || !pgDumpall || !pgRestore || !psql) return undefined;
  return { major, pgDump, pgDumpall, pgRestore, psql };
}

async function serverIn(
  major: number,
  bin: string,
  root: string,
): Promise<ServerPrograms | undefined> {
  const [initdb, pgCtl, postgres] = await all(bin, ['initdb', 'pg_ctl', 'postgres']);
  if (!initdb || !pgCtl || !postgres) return undefined;
  const proj = await present(path.join(root, 'server', 'share', 'proj'), constants.R_OK);
  return { major, initdb, pgCtl, postgres, environment: proj ? { PROJ_DATA: proj } : {} };
}

function all(bin: string, names: readonly string[]): Promise<(string | undefined)[]> {
  return Promise.all(names.map((name) => present(path.join(bin, name), constants.X_OK)));
}

function present(file: string, mode: number): Promise<string | undefined> {
  return access(file, mode).then(
    () => file,
    () => undefined,
  );
}
