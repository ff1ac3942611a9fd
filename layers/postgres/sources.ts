/**
 * The machine's apt sources, read and changed to another release. The mirror, its keys, proxies and suites are the
 * machine's own; only the release's name in the suites changes. This file does no disk access.
 */

/** One deb822 stanza: field names as apt writes them, values with their continuation lines. */
export type Stanza = ReadonlyMap<string, string>;

const ONE_LINE_FIELDS: Readonly<Record<string, string>> = {
  arch: 'Architectures',
  'signed-by': 'Signed-By',
  trusted: 'Trusted',
  'check-valid-until': 'Check-Valid-Until',
  'check-date': 'Check-Date',
  'allow-insecure': 'Allow-Insecure',
};

const FIELD_NAMES = new Map(
  ['Types', 'URIs', 'Suites', 'Components', 'Enabled', ...Object.values(ONE_LINE_FIELDS)].map(
    (name) => [name.toLowerCase(), name],
  ),
);

/** Reads a `.sources` file (deb822). Disabled stanzas and stanzas without binaries are left out. */
export function parseDeb822(text: string): Stanza[] {
  const stanzas: Map<string, string>[] = [];
  let current: Map<string, string> | undefined;
  let field: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    if (line.trim() === '') {
      current = undefined;
      field = undefined;
    } else if (/^[ \t]/.test(line)) {
      if (current && field) current.set(field, `${current.get(field)}\n${line}`);
    } else {
      const colon = line.indexOf(':');
      if (colon < 1) continue;
      if (!current) {
        current = new Map();
        stanzas.push(current);
      }
      const name = line.slice(0, colon).trim();
      field = FIELD_NAMES.get(name.toLowerCase()) ?? name;
      current.set(field, line.slice(colon + 1).trim());
    }
  }
  return stanzas.filter(isUsable);
}

/** Reads a `.list` file (one source a line). */
export function parseOneLine(text: string): Stanza[] {
  const stanzas: Stanza[] = [];
  for (const raw of text.split(/\r?\n/)) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(raw);
    if (!match) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const stanza = new Map([
      ['Types', 'deb'],
      ['URIs', uri],
      ['Suites', suite],
    ]);
    if (components.trim() !== '') stanza.set('Components', components.trim());
    for (const option of options.split(/\s+/)) {
      const [name = '', value = ''] = option.split(/=(.*)/s);
      const fieldName = ONE_LINE_FIELDS[name.toLowerCase()];
      if (fieldName) stanza.set(fieldName, value.replaceAll(',', ' '));
    }
    stanzas.push(stanza);
  }
  return stanzas.filter(isUsable);
}

function isUsable(stanza: Stanza): boolean {
  const on = !/^(no|false|0|off)$/i.test(stanza.get('Enabled') ?? 'yes');
  return on && words(stanza.get('Types')).includes('deb') && words(stanza.get('URIs')).length > 0;
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}

/** Names that suites may use for a release instead of its codename. */
const ALIASES = ['stable', 'oldstable', 'oldoldstable', 'testing', 'unstable', 'sid'];

/**
 * The machine's own archive changed to another release: `bookworm-security` becomes `trixie-security`, with the
 * same mirror and the same key.
 *
 * @param stanzas the machine's sources
 * @param codename the machine's own release, e.g. `bookworm`
 * @param release the wanted one, e.g. `trixie`
 * @param architecture Debian's name of it; stanzas that exclude it are left out
 * @returns no stanza if the machine has no source of its own release
 */
export function towardsRelease(
  stanzas: readonly Stanza[],
  codename: string,
  release: string,
  architecture: string,
): Stanza[] {
  const names = [codename, ...ALIASES];
  const own = new RegExp(`^(?:${names.join('|')})(-updates|-security|/updates)?/?$`);
  const turned: Stanza[] = [];
  for (const stanza of stanzas) {
    const limit = words(stanza.get('Architectures'));
    if (limit.length > 0 && !limit.includes(architecture)) continue;
    if (!words(stanza.get('Components')).includes('main')) continue;
    const suites = new Set<string>();
    for (const suite of words(stanza.get('Suites'))) {
      const suffix = own.exec(suite)?.[1] ?? (own.test(suite) ? '' : undefined);
      if (suffix === undefined) continue;
      if (release === 'sid' && suffix !== '') continue;
      suites.add(`${release}${suffix === '/updates' ? '-security' : suffix}`);
    }
    if (suites.size === 0) continue;
    turned.push(new Map([...stanza, ['Suites', [...suites].join(' ')]]));
  }
  return turned;
}

/** The machine's sources that are not of its own release's archive, most likely ones first. */
export function otherSources(stanzas: readonly Stanza[], codename: string): Stanza[] {
  const own = new Set(towardsRelease(stanzas, codename, codename, '').map(address));
  const others = stanzas.filter((stanza) => !own.has(address(stanza)));
  const named = (stanza: Stanza) => (stanza.get('Suites') ?? '').startsWith(codename);
  return [...others.filter(named), ...others.filter((stanza) => !named(stanza))];
}

function address(stanza: Stanza): string {
  return `${stanza.get('URIs')}`;
}

/** Writes stanzas as a `.sources` file that fetches package indexes and nothing else. */
export function writeDeb822(stanzas: readonly Stanza[]): string {
  return stanzas
    .map((stanza) => {
      const fields = [...stanza].filter(
        ([name]) => !['Types', 'Targets', 'Enabled'].includes(name),
      );
      const lines = fields.map(([name, value]) => `${name}: ${value}`);
      return ['Types: deb', ...lines, 'Targets: Packages', ''].join('\n');
    })
    .join('\n');
}
