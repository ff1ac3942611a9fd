/** A tenant as its source lists it. `id` already has the source's prefix. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly schemaName: string;
  /** The schemas of a source that belong to all its projects; `schemaName` then lists them for people. */
  readonly shared?: readonly string[];
  /** `ACTIVE` is backed up; any other word is not. */
  readonly status: string;
}

/** A project as last seen, a row of the registry. */
export interface RegisteredProject extends Project {
  readonly source: string;
  /** When a discovery last changed this row, ISO 8601. */
  readonly seenAt: string;
  /** The newest completed full backup that is not known to be damaged. Retention never takes it while the project lives. */
  readonly lastSuccess?: { readonly backupId: string; readonly at: string; readonly size: number };
}

/** The id of the project that a source's shared schemas make, without the source's prefix. */
export const sharedProjectId = (source: string): string => `_shared-${source}`;

/** What the ids of a source may begin with. */
export const idPrefixesOf = ({
  idPrefix,
  olderIdPrefixes,
}: {
  readonly idPrefix: string;
  readonly olderIdPrefixes: readonly string[];
}): readonly string[] => [...new Set([idPrefix, ...olderIdPrefixes])];

/** The schemas that a project's backup holds. */
export const schemasOf = ({ schemaName, shared }: Project): readonly string[] =>
  shared ?? [schemaName];

export const ACTIVE = 'ACTIVE';
/** Status in the registry of a project that its source no longer lists. */
export const GONE = 'GONE';

/** S3 keys and URLs stay short enough and every id can be a FIFO message group by its hash. */
export const MAX_PROJECT_ID_BYTES = 128;

/** Of what a source tells of a project, in bytes: rows of the history, reports and mails hold it. */
export const MAX_PROJECT_BYTES = { name: 1024, status: 256, schemaName: 256 } as const;

const MEMBERS = [
  ['name', 'name'],
  ['status', 'status'],
  ['schemaName', 'schema name'],
] as const;

/** Why a project can't be taken as its source lists it, whatever its id; undefined where it can. */
export const projectProblem = (project: Omit<Project, 'id'>): string | undefined => {
  if (project.schemaName === '') return 'its schema name is empty';
  // The names of all shared schemas stand in one.
  const members = MEMBERS.filter(([member]) => member !== 'schemaName' || !project.shared);
  const tooLong = members.find(
    ([member]) => Buffer.byteLength(project[member]) > MAX_PROJECT_BYTES[member],
  );
  if (!tooLong) return undefined;
  const [member, words] = tooLong;
  return `its ${words} is longer than ${MAX_PROJECT_BYTES[member]} bytes`;
};

/** Why an id can't be a project's, or undefined where it can. */
export const idProblem = (projectId: string): string | undefined => {
  if (projectId === '') return 'its id is empty';
  const bytes = Buffer.byteLength(projectId, 'utf8');
  if (bytes > MAX_PROJECT_ID_BYTES) return `its id is longer than ${MAX_PROJECT_ID_BYTES} bytes`;
  if (projectId.includes('\0')) return 'its id holds a NUL';
  // Clients fold these away, in whatever way they are escaped, before a request is sent.
  if (projectId === '.' || projectId === '..') return 'no URL can name its id';
  // A lone surrogate has no UTF-8 form: it would become another id on its way into a key.
  if (!projectId.isWellFormed()) return 'its id is no well-formed Unicode';
  return undefined;
};
