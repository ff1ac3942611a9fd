import { Annotations, Match } from 'aws-cdk-lib/assertions';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TABLE, VAULT } from '../../core/contract.ts';
import { stemOf } from '../../core/keys.ts';
import { isolationOf } from '../../lib/isolation.ts';
import { config, otherSource, restore, source } from './support/config.ts';
import { grantsOf } from './support/grants.ts';
import { synthesis } from './support/stack.ts';

const TEMPLATES = [
  'backups/{projectId}/{createdAt}-{backupId}-{attempt}',
  'backups/tenants/{projectId}/{createdAt}/{backupId}-{attempt}',
];
const PLACE = { createdAt: '2026-11-21T02:00:00Z', backupId: 'b', attempt: 1 };
const made = (main: string, archive: string) =>
  synthesis(
    config({
      sources: [
        source({ idPrefix: main, restore: restore({ from: ['archive'] }) }),
        otherSource({ idPrefix: archive, restore: restore() }),
      ],
    }),
  );
const held = made('main-', 'archive-');

/** A pattern of IAM as a test: `*` is anything, `${*}` an asterisk. */
const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split(/(\$\{[*?$]\}|\*|\?)/)
      .map((part) => {
        if (part === '*') return '.*';
        if (part === '?') return '.';
        const inner = /^\$\{([*?$])\}$/.exec(part)?.[1] ?? part;
        return inner.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      })
      .join('')}$`,
    's',
  ).test(text);

const PREFIX = '<Vault/Bucket.Arn>/';
/** The patterns of keys with an action, and those of partitions: undefined if none are named. */
const reachOf = (stack: ReturnType<typeof made>, role: string, action: string) => {
  const grants = Object.entries(grantsOf(stack, `Sources/${role}/Role`));
  const keys = grants.flatMap(([resource, actions]) =>
    resource.startsWith(PREFIX) && actions.includes(action) ? [resource.slice(PREFIX.length)] : [],
  );
  const rows = grants.flatMap(([resource]) => {
    const condition = /^<History\/Table\.Arn> if (.*)$/.exec(resource)?.[1];
    return condition ? [JSON.parse(condition) as Record<string, Record<string, unknown>>] : [];
  });
  return { keys, rows };
};

/** Every function of a source, and what it does with objects. */
const FUNCTIONS = ['Discover', 'Plan', 'Export', 'Restores/Restore'] as const;

describe('if each source has a prefix for its ids', () => {
  test.each([
    ['main/Discover', ['PROJECT#main-*']],
    ['main/Plan', ['PROJECT#main-*', 'RUN#*', 'SCHEDULE#*']],
    ['main/Export', ['PROJECT#main-*']],
    // It also accepts backups of the other source.
    ['main/Restores/Restore', ['PROJECT#main-*', 'PROJECT#archive-*']],
    ['archive/Restores/Restore', ['PROJECT#archive-*']],
  ])('%s reaches the rows of %j and no other', (role, partitions) => {
    const { rows } = reachOf(held, role, '');
    expect(rows).toEqual([
      {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': partitions },
        // A request without a key would satisfy "for all values".
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    ]);
    const unheld = Object.keys(grantsOf(held, `Sources/${role}/Role`));
    expect(unheld).not.toContain('<History/Table.Arn>');
  });

  test('an export stores below its own, and reads and lists its own', () => {
    expect(reachOf(held, 'main/Export', 's3:PutObject').keys).toEqual(['backups/main-*']);
    expect(reachOf(held, 'main/Export', 's3:GetObject').keys).toEqual([
      'backups/main-*',
      'backups/*/main-*',
    ]);
    const listing = Object.entries(grantsOf(held, 'Sources/main/Export/Role')).find(([, actions]) =>
      actions.includes('s3:ListBucket'),
    );
    expect(listing?.[0]).toContain('["backups/main-*","backups/*/main-*"]');
  });

  test('with any prefixes and ids, a function reaches its source’s rows and objects, and none of the other source', () => {
    const wordOf = (letters: string) =>
      fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 4 });
    const word = wordOf('ab*?$.{}-/ é');
    // A letter first: a prefix that begins with a digit looks like the time in others' keys.
    const prefix = wordOf('ab*?$.{}-/ ').map((rest) => `p${rest}`);
    fc.assert(
      fc.property(
        prefix,
        prefix,
        word,
        fc.constantFrom(...TEMPLATES),
        (main, archive, id, keyTemplate) => {
          fc.pre(!main.startsWith(archive) && !archive.startsWith(main));
          const given = config({
            sources: [source({ idPrefix: main }), otherSource({ idPrefix: archive })],
            keyTemplate,
          });
          for (const one of given.sources) {
            const { projects, stores, reads } = isolationOf(given, one, VAULT.prefix);
            const others = one.idPrefix === main ? archive : main;
            const reaches = (projectId: string): boolean =>
              projects?.some((row) => matches(row, `${TABLE.projectPrefix}${projectId}`)) ?? true;
            const opens = (patterns: readonly string[], projectId: string, template: string) => {
              const stem = stemOf(template, { ...PLACE, projectId });
              return patterns.some((key) => matches(`${VAULT.prefix}${key}`, `${stem}.dump`));
            };
            expect([reaches(one.idPrefix + id), reaches(others + id)]).toEqual([true, false]);
            expect(opens(stores, one.idPrefix + id, keyTemplate)).toBe(true);
            for (const template of TEMPLATES) {
              // Old backups stay readable if the template was another one.
              expect(opens(reads, one.idPrefix + id, template)).toBe(true);
              expect(opens(reads, others + id, template)).toBe(false);
              expect(opens(stores, others + id, template)).toBe(false);
            }
          }
        },
      ),
    );
  });

  test('earlier prefixes of a source stay within its reach', () => {
    const moved = synthesis(
      config({
        sources: [source({ idPrefix: 'eu-', olderIdPrefixes: ['de-'] }), otherSource()],
      }),
    );
    expect(reachOf(moved, 'main/Export', 's3:PutObject').keys).toEqual([
      'backups/de-*',
      'backups/eu-*',
    ]);
    expect(notesOf(moved)).toEqual([]);
  });
});

/** Notes of the synthesis about sources that IAM does not keep apart. */
const notesOf = (stack: ReturnType<typeof made>): string[] =>
  Annotations.fromStack(stack.stack)
    .findInfo('*', Match.stringLikeRegexp('IAM does not keep'))
    .map(({ entry }) => String(entry.data));

describe('a source whose ids IAM cannot distinguish from others’', () => {
  test.each([
    ['has no prefix', { idPrefix: '' }, 'it has no idPrefix'],
    ['had none before', { idPrefix: 'main-', olderIdPrefixes: [''] }, 'olderIdPrefixes'],
    ['has one that a policy cannot hold', { idPrefix: '🐘-' }, 'characters'],
    ['has one that the other’s begins with', { idPrefix: 'arch' }, 'ids of archive'],
  ])('%s: the synthesis names it, with the reason', (_, own, why) => {
    const stack = synthesis(config({ sources: [source(own), otherSource()] }));
    expect(notesOf(stack)).toEqual([expect.stringMatching(new RegExp(`source main .*${why}`))]);
  });

  test('reaches all of the vault and the history, while the other one is limited', () => {
    const stack = made('', 'archive-');
    for (const name of FUNCTIONS) expect(reachOf(stack, `main/${name}`, '').rows, name).toEqual([]);
    expect(reachOf(stack, 'main/Export', 's3:PutObject').keys).toEqual(['backups/*']);
    for (const name of FUNCTIONS)
      expect(reachOf(stack, `archive/${name}`, '').rows, name).toHaveLength(1);
  });

  test('and a source that accepts its backups reaches everything too', () => {
    const stack = made('main-', '');
    expect(reachOf(stack, 'main/Export', '').rows).toHaveLength(1);
    expect(reachOf(stack, 'main/Restores/Restore', '').rows).toEqual([]);
    expect(reachOf(stack, 'main/Restores/Restore', 's3:GetObject').keys).toEqual(['backups/*']);
  });
});

test('one source alone needs no isolation, and nothing is noted', () => {
  const one = synthesis(config({ sources: [source({ idPrefix: 'main-' })] }));
  expect(reachOf(one, 'main/Export', '').rows).toEqual([]);
  expect(notesOf(one)).toEqual([]);
});
