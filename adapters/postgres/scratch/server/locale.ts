/**
 * The encoding of a scratch server's text, and its language rules.
 *
 * The encoding is the backup's own. The backup's locale is one of the source's operating system, which Lambda usually lacks: then ICU sorts
 * instead, and the C library's `C.UTF-8` defines what a letter is. The restored rows are the same either way. What the server computes
 * again from text may differ, with a note:
 *
 * - order: bounds of range partitions and checks that compare text with `<`, minima and maxima in materialized views. (Order in an index,
 *   too, but indexes are built again, by the order of this server.) ICU's order is that of the C library for letters and digits, and
 *   differs for some punctuation.
 * - letters: `upper`, `lower`, `~ '[[:alpha:]]'`, `to_tsvector` in generated columns, checks and unique expressions. With plain C, no
 *   character beyond ASCII would be a letter, and checks that hold on the source would fail here: so C is the last choice.
 *
 * Equality does not differ: none of these compare different strings as equal.
 *
 * A database with rules of ICU or of PostgreSQL itself has the same rules here: they are part of the server. Another version of ICU may
 * sort a few characters differently, which is noted.
 */
export interface DatabaseLocale {
  /** Such as `UTF8`: pg_encoding_to_char of the backup's database. */
  readonly encoding: string;
  /** Such as `de_DE.UTF-8`: its `datcollate`. */
  readonly collation: string;
  /** Its `datctype`; absent, like the rest, in older manifests. */
  readonly characters?: string | undefined;
  /** `c` of the operating system, `i` of ICU, `b` of PostgreSQL itself: its `datlocprovider`. */
  readonly localeProvider?: string | undefined;
  /** For `i` and `b`. */
  readonly locale?: string | null | undefined;
  readonly icuRules?: string | null | undefined;
  readonly collationVersion?: string | null | undefined;
}

export interface LocaleChoice {
  /** For initdb. */
  readonly flags: readonly string[];
  /** What differs from the source, for a person. */
  readonly note?: string;
}

/** In order, the closest to the source first; initdb uses the first that this machine has. */
export const localeChoices = (major: number, given: DatabaseLocale): readonly LocaleChoice[] => [
  ...ofItsProvider(major, given),
  ...ofItsSystem(major, given),
];

/** The C library defines the words into which `to_tsvector` splits text, whichever provider sorts. */
const ofItsProvider = (major: number, given: DatabaseLocale): readonly LocaleChoice[] => {
  const { encoding, collation, characters = collation, localeProvider, locale, icuRules } = given;
  if (!locale) return [];
  const plain = [`--encoding=${encoding}`, '--locale=C'];
  const rules = icuRules ? [`--icu-rules=${icuRules}`] : [];
  const provider = {
    i: [`--locale-provider=icu`, `--icu-locale=${locale}`, ...rules],
    b: [`--locale-provider=builtin`, `--builtin-locale=${locale}`],
  }[localeProvider ?? ''];
  if (!provider || major < (localeProvider === 'b' ? 17 : 15)) return [];
  const flags = [...plain, ...provider];
  if (/^(C|POSIX)$/.test(characters)) return [{ flags }];
  const same = isPlainName(characters) ? [{ flags: [...flags, `--lc-ctype=${characters}`] }] : [];
  const letters = encoding === 'UTF8' ? [{ flags: [...flags, '--lc-ctype=C.UTF-8'] }] : [];
  return [...same, ...letters, { flags, note: ASCII_WORDS }];
};

const isPlainName = (locale: string): boolean => /^[\w.@-]{1,64}$/.test(locale);

const ofItsSystem = (
  major: number,
  { encoding, collation }: DatabaseLocale,
): readonly LocaleChoice[] => {
  const plain = [`--encoding=${encoding}`, '--locale=C'];
  if (/^(C|POSIX)$/.test(collation)) return [{ flags: plain }];
  const asBytes: LocaleChoice = {
    flags: plain,
    note:
      `The scratch server has nothing like the locale ${JSON.stringify(collation)} with encoding ${encoding}: it sorts text by its bytes and treats ` +
      'only ASCII letters as letters. Checks, generated columns and partitions that depend on text may differ for that reason alone.',
  };
  if (!isPlainName(collation)) return [asBytes];
  const same = { flags: [...plain, `--lc-collate=${collation}`, `--lc-ctype=${collation}`] };
  return [same, ...standIns(major, encoding, collation, plain), asBytes];
};

const ASCII_WORDS =
  'This machine lacks the locale C.UTF-8, so to_tsvector treats every character beyond ASCII as a letter.';

const standIns = (
  major: number,
  encoding: string,
  collation: string,
  plain: readonly string[],
): LocaleChoice[] => {
  const letters = encoding === 'UTF8' ? ['--lc-ctype=C.UTF-8'] : [];
  if (/^C\./i.test(collation)) {
    const builtin = [...plain, '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    return major >= 17
      ? [{ flags: [...builtin, ...letters] }, { flags: builtin, note: ASCII_WORDS }]
      : [];
  }
  const language = languageTag(collation);
  if (major < 15 || !language) return letters.length ? [byCodePoint(collation, plain)] : [];
  const icu = [...plain, '--locale-provider=icu', `--icu-locale=${language}`];
  const note =
    `Text that the source sorts by ${JSON.stringify(collation)} of its operating system is sorted by ICU's ${language} here. ` +
    'Partitions, checks and materialized views that depend on the order of punctuation may differ for that reason alone.';
  if (!letters.length) return [{ flags: icu, note }];
  return [
    { flags: [...icu, ...letters], note },
    { flags: icu, note: `${note} ${ASCII_WORDS}` },
  ];
};

const byCodePoint = (collation: string, plain: readonly string[]): LocaleChoice => ({
  flags: [...plain, '--lc-ctype=C.UTF-8'],
  note:
    `Text that the source sorts by ${JSON.stringify(collation)} is sorted by code point here. ` +
    'Partitions, checks and materialized views that depend on the order of text may differ for that reason alone.',
});

/** ICU's name of a C library's locale: `de_DE.UTF-8@euro` is `de-DE`. Undefined where ICU knows no such language. */
export const languageTag = (collation: string): string | undefined => {
  const [, language, region] = /^([a-z]{2,3})[_-]([A-Z]{2})(?:[.@]|$)/.exec(collation) ?? [];
  if (!language || !region) return undefined;
  const tag = `${language}-${region}`;
  return Intl.Collator.supportedLocalesOf(tag).length ? tag : undefined;
};

/** A line if ICU's rules have another version here. @param here `datcollversion` of the scratch server's database */
export const versionNote = (
  { localeProvider, collationVersion }: DatabaseLocale,
  here: string | null,
): readonly string[] =>
  localeProvider === 'i' && collationVersion && here && collationVersion !== here
    ? [
        `Text is sorted by ICU's rules of version ${here} here, and by those of version ${collationVersion} at the source. ` +
          'Partitions, checks and materialized views that depend on the order of rare characters may differ for that reason alone.',
      ]
    : [];

/** Whether initdb failed because of the locale or its provider, so that another one may work. */
export const speaksOfLocale = (said: string): boolean =>
  /locale|collator|encoding mismatch|\bICU\b/.test(said);
