import { describe, expect, test } from 'vitest';
import { candidates } from '../../layers/postgres/releases.ts';
import {
  otherSources,
  parseDeb822,
  parseOneLine,
  towardsRelease,
  writeDeb822,
} from '../../layers/postgres/sources.ts';

const DEB822 = `# the archive
Types: deb deb-src
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
signed-by: /usr/share/keyrings/archive.gpg

Types: deb
URIs: https://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEXXXX
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: https://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: https://sources.example/debian
Suites: bookworm
Components: main
`;

const ONE_LINE = `
# deb https://off.example/debian bookworm main
deb [arch=amd64,arm64 signed-by=/etc/apt/keyrings/pg.gpg] https://pg.example/apt bookworm-pgdg main  # theirs
deb-src https://sources.example/debian bookworm main
deb https://mirror.example/debian bookworm main
deb https://flat.example/packages ./
`;

describe("the machine's sources", () => {
  test('deb822: entries that are off, commented, or hold only sources are left out', () => {
    const stanzas = parseDeb822(DEB822);
    expect(stanzas.map((one) => one.get('URIs'))).toEqual([
      'https://mirror.example/debian',
      'https://mirror.example/debian-security',
    ]);
    expect(stanzas[0]?.get('Signed-By')).toBe('/usr/share/keyrings/archive.gpg');
    expect(stanzas[1]?.get('Signed-By')).toContain('\n mDMEXXXX\n');
  });

  test('one line for each source: options become fields', () => {
    const stanzas = parseOneLine(ONE_LINE);
    expect(stanzas.map((one) => one.get('URIs'))).toEqual([
      'https://pg.example/apt',
      'https://mirror.example/debian',
      'https://flat.example/packages',
    ]);
    expect(stanzas[0]?.get('Architectures')).toBe('amd64 arm64');
    expect(stanzas[0]?.get('Signed-By')).toBe('/etc/apt/keyrings/pg.gpg');
    expect(stanzas[0]?.get('Components')).toBe('main');
  });

  test('changed to another release: security is changed too, backports are not, keys stay', () => {
    const turned = towardsRelease(parseDeb822(DEB822), 'bookworm', 'trixie', 'arm64');
    expect(turned.map((one) => [one.get('URIs'), one.get('Suites')])).toEqual([
      ['https://mirror.example/debian', 'trixie trixie-updates'],
      ['https://mirror.example/debian-security', 'trixie-security'],
    ]);
    expect(turned[1]?.get('Signed-By')).toContain('mDMEXXXX');
  });

  test.each([
    ['stable', 'forky', 'forky'],
    ['testing-security', 'trixie', 'trixie-security'],
    ['unstable', 'sid', 'sid'],
  ])('a machine whose sources name the suite %s is recognized', (suite, release, turned) => {
    const [stanza] = towardsRelease(
      parseOneLine(`deb http://m/d ${suite} main`),
      'x',
      release,
      'amd64',
    );
    expect(stanza?.get('Suites')).toBe(turned);
  });

  test('a source for another architecture, or without the main component, is left out', () => {
    const text = 'deb [arch=amd64] http://m/d noble main\ndeb http://m/e noble universe\n';
    expect(towardsRelease(parseOneLine(text), 'noble', 'noble', 'arm64')).toEqual([]);
  });

  test("the PostgreSQL project's source comes before others that do not have it", () => {
    const text = `deb http://cloud.example/apt cloud-sdk main\n${ONE_LINE}`;
    const others = otherSources(parseOneLine(text), 'bookworm');
    expect(others[0]?.get('Suites')).toBe('bookworm-pgdg');
  });

  test('16 and 14 are searched in the other sources, besides the own release', () => {
    const stanzas = [...parseDeb822(DEB822), ...parseOneLine(ONE_LINE)];
    const machine = { distribution: 'debian', codename: 'bookworm', stanzas } as const;
    const found = candidates(machine, 16, 'amd64').map((one) =>
      one.stanzas.map((stanza) => stanza.get('Suites')),
    );
    expect(found[1]).toContain('bookworm-pgdg');
    expect(found[1]).toContain('bookworm-security');
    expect(candidates(machine, 17, 'amd64')[0]?.release).toBe('trixie');
  });

  test('the configuration written for apt fetches package indexes only', () => {
    const text = writeDeb822(towardsRelease(parseDeb822(DEB822), 'bookworm', 'trixie', 'amd64'));
    expect(parseDeb822(text).map((one) => one.get('Targets'))).toEqual(['Packages', 'Packages']);
    expect(text).toContain('Types: deb\n');
    expect(text).not.toContain('deb-src');
  });
});
