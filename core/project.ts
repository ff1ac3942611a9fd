import type { RetentionPolicy } from './retention/policy.ts';

/** A tenant as its source lists it. `id` already has the source's prefix. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly schemaName: string;
  /** The schemas that all projects of a source share; `schemaName` then lists them for people. */
  readonly shared?: readonly string[];
  /** Projects with `ACTIVE` are backed up; projects with any other word are not. */
  readonly status: string;
}

export interface LastSuccess {
  readonly backupId: string;
  /** When it completed, ISO 8601. */
  readonly at: string;
  readonly size: number;
  /** The newest full backup whose verification passed. Absent if there is none, and in rows written before it was kept. */
  readonly verified?: { readonly backupId: string; readonly at: string };
}

/** A row of the registry: a project as last seen. */
export interface RegisteredProject extends Project {
  readonly source: string;
  /** When a discovery last changed this row, ISO 8601. */
  readonly seenAt: string;
  /** Retention of its backups, set for this project alone. Absent: that of its source. */
  readonly retentionPolicy?: RetentionPolicy;
  /** The newest completed full backup that is not known to be damaged. Retention never removes it while the project exists. */
  readonly lastSuccess?: LastSuccess;
}

/** The id of the project made of a source's shared schemas, without the source's prefix. */
export const sharedProjectId = (source: string): string => `_shared-${source}`;

/** The prefixes that a source's ids may have. */
export const idPrefixesOf = ({
  idPrefix,
  olderIdPrefixes,
}: {
  readonly idPrefix: string;
  readonly olderIdPrefixes: readonly string[];
}): readonly string[] => [...new Set([idPrefix, ...olderIdPrefixes])];

/** The schemas that a project's backup contains. */
export const schemasOf = ({ schemaName, shared }: Project): readonly string[] =>
  shared ?? [schemaName];

export const ACTIVE = 'ACTIVE';
/** Status in the registry of a project that its source no longer lists. */
export const GONE = 'GONE';

/** Keeps S3 keys and URLs short enough. Every id can be a FIFO message group by its hash. */
export const MAX_PROJECT_ID_BYTES = 128;

/** Limits in bytes for a source's facts about a project: rows of the history, reports and mails contain them. */
export const MAX_PROJECT_BYTES = { name: 1024, status: 256, schemaName: 256 } as const;

const MEMBERS = [
  ['name', 'name'],
  ['status', 'status'],
  ['schemaName', 'schema name'],
] as const;

/** Why a listed project can't be accepted, apart from its id; undefined if it can. */
export const projectProblem = (project: Omit<Project, 'id'>): string | undefined => {
  if (project.schemaName === '') return 'its schema name is empty';
  // For shared schemas, `schemaName` contains the names of all of them.
  const members = MEMBERS.filter(([member]) => member !== 'schemaName' || !project.shared);
  const tooLong = members.find(
    ([member]) => Buffer.byteLength(project[member]) > MAX_PROJECT_BYTES[member],
  );
  if (!tooLong) return undefined;
  const [member, words] = tooLong;
  return `its ${words} is longer than ${MAX_PROJECT_BYTES[member]} bytes`;
};

/** Why an id can't be a project's, or undefined if it can. */
export const idProblem = (projectId: string): string | undefined => {
  if (projectId === '') return 'its id is empty';
  const bytes = Buffer.byteLength(projectId, 'utf8');
  if (bytes > MAX_PROJECT_ID_BYTES) return `its id is longer than ${MAX_PROJECT_ID_BYTES} bytes`;
  if (projectId.includes('\0')) return 'its id contains a NUL character';
  // Clients remove these before they send a request, even if they are escaped.
  if (projectId === '.' || projectId === '..') return 'its id cannot be part of a URL';
  // A lone surrogate has no UTF-8 form: it would become another id in a key.
  if (!projectId.isWellFormed()) return 'its id is not well-formed Unicode';
  return undefined;
};
