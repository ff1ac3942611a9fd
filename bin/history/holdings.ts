import { VAULT } from '../../core/contract.ts';
import { UUID } from '../../core/ids.ts';
import {
  encodePart,
  GLOBALS_EXTENSION,
  type KeyParts,
  parseKey,
  projectPrefixOf,
  stemOf,
} from '../../core/keys.ts';
import { idProblem } from '../../core/project.ts';
import type { StoredObject, Vault } from '../../core/vault-ports.ts';
import type { Scope } from './ports.ts';

/**
 * The contents of the vault, project by project. S3 lists keys in order, and each project has its own folder, so only
 * one project's keys are kept in memory.
 */
export interface Held extends StoredObject {
  /** ISO 8601, from S3's own clock. */
  readonly modifiedAt: string;
}

/** The objects of one attempt: the backup, its manifest, and with shared schemas their globals. */
export interface Stem extends KeyParts {
  /** The keys without their extensions. */
  readonly stem: string;
  readonly objects: readonly Held[];
  readonly manifest?: Held;
  readonly globals?: Held;
}

export type Holding =
  | { readonly kind: 'project'; readonly projectId: string; readonly stems: readonly Stem[] }
  /** A key that fits none of the templates. */
  | { readonly kind: 'foreign'; readonly object: Held };

interface KnownKey {
  readonly parts: KeyParts;
  readonly stem: string;
}

/**
 * Parses a key that Larder created with one of the templates; undefined for any other key, also for a different
 * spelling with the same meaning: Larder never writes `acme` as `%61cme`.
 */
export const readKey = (templates: readonly string[], key: string): KnownKey | undefined => {
  for (const template of templates) {
    const parts = parseKey(template, key);
    if (!parts || !UUID.test(parts.backupId) || idProblem(parts.projectId)) continue;
    const stem = stemOf(template, parts);
    if (key.startsWith(`${stem}.`)) return { parts, stem };
  }
  return undefined;
};

const withObject = (stem: Stem, object: Held): Stem => {
  const ending = object.key.slice(stem.stem.length);
  if (ending === VAULT.manifestExtension) return { ...stem, manifest: object };
  if (ending === GLOBALS_EXTENSION) return { ...stem, globals: object };
  return { ...stem, objects: [...stem.objects, object] };
};

type Collected = Map<string, Stem>;

const collect = (into: Collected, { parts, stem }: KnownKey, object: Held): void => {
  into.set(stem, withObject(into.get(stem) ?? { ...parts, stem, objects: [] }, object));
};

const projectOf = (projectId: string, collected: Collected): Holding => ({
  kind: 'project',
  projectId,
  stems: [...collected.values()],
});

type Lists = Pick<Vault, 'list'>;

/** All objects of one project, in every folder where the templates put them. */
async function* ofProject(
  vault: Lists,
  templates: readonly string[],
  projectId: string,
): AsyncGenerator<Holding> {
  const collected: Collected = new Map();
  const prefixes = new Set(templates.map((template) => projectPrefixOf(template, projectId)));
  for (const prefix of prefixes) {
    for await (const object of vault.list(prefix)) {
      const known = readKey(templates, object.key);
      if (known?.parts.projectId === projectId) collect(collected, known, object);
      else if (!known) yield { kind: 'foreign', object };
    }
  }
  yield projectOf(projectId, collected);
}

async function* ofVault(vault: Lists, templates: readonly string[]): AsyncGenerator<Holding> {
  let current: { readonly projectId: string; readonly collected: Collected } | undefined;
  for await (const object of vault.list(VAULT.prefix)) {
    const known = readKey(templates, object.key);
    if (!known) {
      yield { kind: 'foreign', object };
      continue;
    }
    const { projectId } = known.parts;
    if (current?.projectId !== projectId) {
      if (current) yield projectOf(current.projectId, current.collected);
      current = { projectId, collected: new Map() };
    }
    collect(current.collected, known, object);
  }
  if (current) yield projectOf(current.projectId, current.collected);
}

/** If templates use several folders, a project's keys are not contiguous: then each project is listed separately. */
async function* ofSeveralTemplates(
  vault: Lists,
  templates: readonly string[],
): AsyncGenerator<Holding> {
  const seen = new Set<string>();
  for await (const holding of ofVault(vault, templates)) {
    if (holding.kind === 'foreign') {
      yield holding;
      continue;
    }
    if (seen.has(holding.projectId)) continue;
    seen.add(holding.projectId);
    for await (const own of ofProject(vault, templates, holding.projectId)) {
      if (own.kind === 'project') yield own;
    }
  }
}

/** At most one `project` item for each project, in the order of the keys, with foreign keys between them. */
export const holdingsOf = (
  vault: Lists,
  { templates, projectId }: Scope,
): AsyncGenerator<Holding> => {
  if (projectId !== undefined) return ofProject(vault, templates, projectId);
  return templates.length > 1 ? ofSeveralTemplates(vault, templates) : ofVault(vault, templates);
};

const decoded = (segment: string): string | undefined => {
  try {
    const text = decodeURIComponent(segment);
    return encodePart(text) === segment && !idProblem(text) ? text : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Backups that a key of an unknown template could belong to: any folder may be the project's. Use it only to check
 * whether their rows name the key.
 */
export const possibleOwners = (
  key: string,
): readonly { readonly projectId: string; readonly backupId: string }[] => {
  const ids = key.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
  const projects = key.slice(VAULT.prefix.length).split('/').slice(0, -1).map(decoded);
  return projects.flatMap((projectId) =>
    projectId === undefined ? [] : ids.map((backupId) => ({ projectId, backupId })),
  );
};
