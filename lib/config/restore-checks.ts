import { type Mistake, mistake, ofSources, repeated } from './mistake.ts';
import { type Outline, textsOf } from './outline.ts';

/** The key that identifies a login, whichever source has it. */
interface LoginOutline {
  readonly secretArn?: unknown;
  readonly secretKeyArn?: unknown;
  readonly iam?: unknown;
}

const waysMistakes = (
  { secretArn, secretKeyArn, iam }: LoginOutline,
  at: readonly PropertyKey[],
): Mistake[] => {
  const ways = [secretArn, iam].filter((way) => way !== undefined).length;
  return [
    ...(ways === 1
      ? []
      : [
          mistake(at, `give one of secretArn and iam, here ${ways === 0 ? 'is none' : 'are both'}`),
        ]),
    ...(secretKeyArn !== undefined && secretArn === undefined
      ? [mistake([...at, 'secretKeyArn'], 'only goes with secretArn')]
      : []),
  ];
};

/**
 * One role for both would let every function that reads a source write to it. And a role that may only read everything owns
 * nothing, so it could not restore either.
 */
const WHY_TWO =
  'give a login of the restore role (docs/roles.md): the backup role may only read, and restores must write';

const sameLogin = (
  backup: LoginOutline,
  restore: LoginOutline,
  at: readonly PropertyKey[],
): Mistake[] => {
  const secret = typeof restore.secretArn === 'string' && restore.secretArn === backup.secretArn;
  if (secret)
    return [mistake([...at, 'secretArn'], `is the secret that backups log in with: ${WHY_TWO}`)];
  const user = userOf(restore.iam);
  return user !== undefined && user === userOf(backup.iam)
    ? [mistake([...at, 'iam', 'user'], `is the user that backups log in as: ${WHY_TWO}`)]
    : [];
};

const userOf = (iam: unknown): unknown =>
  typeof iam === 'object' && iam !== null && 'user' in iam ? iam.user : undefined;

const fromMistakes = (
  outline: Outline,
  name: string | undefined,
  from: unknown,
  at: readonly PropertyKey[],
): Mistake[] => {
  const known = outline.sources.flatMap((source) => source?.name ?? []);
  const named = textsOf(from);
  const wrong = named.flatMap((one, position) => {
    const place = [...at, 'from', position];
    if (one === name)
      return [
        mistake(
          place,
          'is the source itself, which accepts its own backups anyway: name other sources, or leave it out',
        ),
      ];
    if (known.includes(one)) return [];
    const others = known.filter((other) => other !== name);
    const those = others.length ? `give one of ${others.join(', ')}` : 'there is no other source';
    return [mistake(place, `there is no source "${one}": ${those}`)];
  });
  return [...wrong, ...repeated(named, (position) => [...at, 'from', position])];
};

/** Logins for backups and for restores: one kind each, and two different logins. */
export const loginMistakes = (outline: Outline): Mistake[] =>
  ofSources(outline, (source, at) => {
    const { restore } = source;
    if (!restore) return waysMistakes(source, at);
    const place = [...at, 'restore'];
    return [
      ...waysMistakes(source, at),
      ...waysMistakes(restore, place),
      ...sameLogin(source, restore, place),
    ];
  });

/** The sources whose backups a source accepts. */
export const restoreMistakes = (outline: Outline): Mistake[] =>
  ofSources(outline, ({ name, restore }, at) =>
    restore ? fromMistakes(outline, name, restore.from, [...at, 'restore']) : [],
  );

/** Rows can be compared only by hashes that an export has computed. */
export const comparisonMistakes = (outline: Outline): Mistake[] =>
  outline.verification.compare === 'rows' && outline.export.compare === 'counts'
    ? [
        mistake(
          ['export', 'compare'],
          'leave it out, or make it "rows": verification.compare is "rows", and the export takes the hashes that it compares',
        ),
      ]
    : [];
