import { createHash } from 'node:crypto';

/**
 * Keeps what an export could find out again, so that it does not have to: templates of archives, one entry for each name. They hold the
 * definitions of a project, so they are in the vault, and as protected as its backups. What may be read there must have been written by an
 * export of the same source: whoever could change an entry could have SQL of their own executed by the next restore.
 */
export interface TemplateStore {
  /** The entry as it was written; undefined if there is none, or if what is there is none of ours. @throws errors of the vault and of the key */
  read(name: string): Promise<Buffer | undefined>;
  /** Replaces an entry. @throws errors of the vault and of the key */
  write(name: string, entry: Buffer): Promise<void>;
  /** Whether keeping has been turned off for this source. May be answered as of a few minutes ago. @throws errors of the vault */
  isTurnedOff(): Promise<boolean>;
  /** From now on nothing that was kept is used, until an operator turns it on again. @throws errors of the vault */
  turnOff(why: TurnedOff): Promise<void>;
}

/** A kept template that was not what pg_dump wrote, although nothing seemed to have changed. */
export interface TurnedOff {
  /** ISO 8601. */
  readonly at: string;
  readonly schemas: readonly string[];
  /** When the entry was made, ISO 8601. */
  readonly madeAt: string;
  /** The first entry of the table of contents that differs. */
  readonly entry: string;
}

/**
 * What is signed of an entry, so that it is valid at its own key only. Manifests are signed with the same key, and their message begins
 * otherwise: neither's signature is one of the other.
 */
export const templateMessage = (key: string, entry: Buffer): string =>
  `larder template 1\n${key}\n${createHash('sha256').update(entry).digest('hex')}`;
