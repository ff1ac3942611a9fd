import type { Compression, Format } from './backup.ts';
import { VAULT } from './contract.ts';
import { InvalidInput } from './errors/request.ts';

/**
 * The one encoder for keys and URLs: every byte but `[A-Za-z0-9_-]` becomes %XX. No project id
 * can leave its prefix, and decodeURIComponent reverses the encoding.
 */
export const encodePart = (text: string): string =>
  Array.from(Buffer.from(text, 'utf8'), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

const PARTS = ['projectId', 'createdAt', 'backupId', 'attempt'] as const;
type Part = (typeof PARTS)[number];

/** `20261121T020000Z` of an ISO time: ISO 8601 basic form, to the second. */
export const basicTime = (isoTime: string): string =>
  `${new Date(isoTime).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`;

/**
 * The mistakes of a key template, a line for each. It must keep all four parts, once each, and
 * the project must be a folder of its own before the others, so that IAM can grant access to one tenant by prefix.
 */
export const templateProblems = (template: string): string[] => {
  const problems = PARTS.flatMap((part) => {
    const times = template.split(`{${part}}`).length - 1;
    return times === 1 ? [] : [`must contain {${part}} once, and contains it ${times} times`];
  });
  const rest = PARTS.reduce((text, part) => text.replace(`{${part}}`, 'x'), template);
  if (!template.startsWith(VAULT.prefix)) problems.push(`must begin with "${VAULT.prefix}"`);
  if (!/^[A-Za-z0-9_\-./]*$/.test(rest))
    problems.push('may contain letters, digits and _ - . / besides the parts');
  if (/\/\/|\.\.|^\/|\/$/.test(rest))
    problems.push('must not contain "//" or "..", nor end with "/"');
  if (!/^[^{]*\/\{projectId\}\//.test(template)) {
    problems.push('must have {projectId} as a separate folder, before the other parts');
  }
  return problems;
};

export interface KeyParts {
  readonly projectId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly backupId: string;
  readonly attempt: number;
}

const PLAIN_EXTENSIONS = {
  none: '.sql',
  gzip: '.sql.gz',
  zstd: '.sql.zst',
  bzip2: '.sql.bz2',
} as const;

export type Extension = '.dump' | '.tar' | (typeof PLAIN_EXTENSIONS)[Compression];

/** The file name's extension shows which program reads it. */
export const extensionOf = (format: Format, compression: Compression): Extension => {
  if (format === 'custom') return '.dump';
  if (format === 'tar') return '.tar';
  return PLAIN_EXTENSIONS[compression];
};

/** The key up to its extension: the stem that backup and manifest share. */
export const stemOf = (template: string, parts: KeyParts): string => {
  const values: Record<Part, string> = {
    projectId: encodePart(parts.projectId),
    createdAt: basicTime(parts.createdAt),
    backupId: encodePart(parts.backupId),
    attempt: String(parts.attempt),
  };
  return PARTS.reduce((text, part) => text.replace(`{${part}}`, () => values[part]), template);
};

export const manifestKeyOf = (stem: string): string => `${stem}${VAULT.manifestExtension}`;

export const GLOBALS_EXTENSION = '.globals.sql';

/** Every key that belongs to a backup: its object, its manifest, and the globals of shared schemas. */
export const keysBeside = (objectKey: string): readonly string[] => [
  objectKey,
  manifestKeyBeside(objectKey),
  objectKey.replace(OBJECT_EXTENSION, GLOBALS_EXTENSION),
];

const OBJECT_EXTENSION = /\.(dump|tar|sql|sql\.gz|sql\.zst|sql\.bz2)$/;

/** The manifest beside an object of the vault. */
export const manifestKeyBeside = (objectKey: string): string =>
  manifestKeyOf(objectKey.replace(OBJECT_EXTENSION, ''));

/** The prefix of a project's objects and no others, ending with `/`. */
export const projectPrefixOf = (template: string, projectId: string): string => {
  const end = template.indexOf('{projectId}/') + '{projectId}/'.length;
  return template.slice(0, end).replace('{projectId}', () => encodePart(projectId));
};

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Parses a key; undefined if the template cannot have made it. `createdAt` is in
 * ISO 8601 to the second.
 */
export const parseKey = (template: string, key: string): KeyParts | undefined => {
  const forms: Record<Part, string> = {
    projectId: '(?<projectId>(?:[A-Za-z0-9_-]|%[0-9A-F]{2})+)',
    createdAt: '(?<createdAt>\\d{8}T\\d{6}Z)',
    backupId: '(?<backupId>[0-9a-f-]{36})',
    attempt: '(?<attempt>\\d+)',
  };
  const body = PARTS.reduce(
    (text, part) => text.replace(escapeRegExp(`{${part}}`), () => forms[part]),
    escapeRegExp(template),
  );
  const match = new RegExp(
    `^${body}(?:\\.dump|\\.tar|\\.sql(?:\\.gz|\\.zst|\\.bz2)?|\\.globals\\.sql|\\.manifest\\.json)$`,
  ).exec(key);
  const { projectId, createdAt, backupId, attempt } = match?.groups ?? {};
  if (!projectId || !createdAt || !backupId || !attempt) return undefined;
  const time = createdAt.replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6.000Z',
  );
  try {
    return {
      projectId: decodeURIComponent(projectId),
      createdAt: time,
      backupId,
      attempt: Number(attempt),
    };
  } catch {
    return undefined;
  }
};

/** The name under which a browser saves a download: plain ASCII, no path, no quotes. */
export const downloadNameOf = (parts: KeyParts, extension: string): string => {
  const project = parts.projectId.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60) || 'project';
  return `${project}-${basicTime(parts.createdAt)}-${parts.backupId.slice(-12)}${extension}`;
};

/** @throws InvalidInput with every mistake of the template. */
export const checkTemplate = (template: string): string => {
  const problems = templateProblems(template);
  if (problems.length) throw new InvalidInput('The key template', problems);
  return template;
};
