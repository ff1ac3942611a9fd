import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoted } from '../../core/errors/base.ts';
import { printable, printableJson, printableLines } from '../../core/printable.ts';
import { printedIdentifier, printedLiteral } from '../../core/printed-sql.ts';
import { filePath, shellWord } from '../../core/shell-word.ts';

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const UNSEEN = [
  '\0',
  '\n',
  '\x1b',
  '\x7f',
  '\u009b',
  '\u00ad',
  '\u200b',
  '\u202e',
  '\u2028',
  '\u2066',
  '\u3164',
  '\ufeff',
  '\u{e0041}',
  '\ud800',
];
const anyText = fc.string({
  unit: fc.oneof(fc.constantFrom(...UNSEEN), fc.string({ unit: 'binary', maxLength: 3 })),
});

describe('text that a tenant chose', () => {
  it.each(UNSEEN)('is shown with an escape for %j', (character) => {
    const written = `\\u{${character.codePointAt(0)?.toString(16)}}`;
    expect(printable(`a${character}b`)).toBe(`a${written}b`);
  });

  it('is unchanged if all of it is visible', () => {
    const seen = 'Ångström & Søn, 東京, שלום, 🐘 “x” — a\\b\'c"d';
    for (const shown of [printable(seen), printableLines(seen)]) expect(shown).toBe(seen);
    expect(printedIdentifier(seen)).toBe(`"${seen.replace('"', '""')}"`);
  });

  it('has nothing hidden on any path, and JSON parses to the same text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const shown of [printable, quoted, printedIdentifier, printedLiteral, shellWord]) {
          expect(shown(text)).not.toMatch(HIDDEN);
        }
        expect(printableLines(text).replaceAll('\n', '')).not.toMatch(HIDDEN);
        const json = printableJson({ [text]: [text] }, 2);
        expect(json.replaceAll('\n', '')).not.toMatch(HIDDEN);
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
      }),
    );
  });

  it('is one shell word, and is read back unchanged', () => {
    const texts = [
      '',
      'a b',
      "it's",
      '-rf',
      '$(id) `id` !!',
      'a\nid\n\x03b',
      '\u009b\u202ex',
      '%s\\n',
    ];
    for (const text of texts) {
      const given = execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], {
        encoding: 'utf8',
      });
      expect(given).toBe(text);
    }
  });

  it('is never parsed as an option of a program', () => {
    expect(filePath('-rf.dump')).toBe('./-rf.dump');
    expect(filePath('/tmp/x')).toBe('/tmp/x');
    expect(filePath('../x')).toBe('../x');
  });
});
