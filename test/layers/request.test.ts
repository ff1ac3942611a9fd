import { describe, expect, test } from 'vitest';
import { readRequests } from '../../layers/postgres/build.ts';
import { BadLayerRequest, BelowFloor } from '../../layers/postgres/errors.ts';
import {
  belowFloor,
  checkFloors,
  type LayerManifest,
  planLayer,
  upstreamVersion,
} from '../../layers/postgres/layer.ts';

describe('the floor of a major', () => {
  test.each(['18.6', '17.11', '16.15', '15.19', '14.24'])('%s may be deployed', (version) => {
    expect(belowFloor([version])).toEqual([]);
  });

  test.each(['18.5', '17.10', '16.14', '15.18', '14.23', '18rc1', '17beta2', '17.9'])(
    '%s may not',
    (version) => {
      expect(belowFloor([version]).map((one) => one.version)).toEqual([version]);
    },
  );

  test.each([
    ['17.11-0+deb13u1', '17.11'],
    ['1:18.6-3', '18.6'],
    ['18~rc1-1', '18rc1'],
    ['16.15-0ubuntu0.24.04.1', '16.15'],
    ['17.12-1.pgdg120+1', '17.12'],
  ])("a package's %s is PostgreSQL %s", (version, upstream) => {
    expect(upstreamVersion(version)).toBe(upstream);
  });

  test('a release candidate of a major with a floor is below it', () => {
    expect(belowFloor([upstreamVersion('18~rc1-1')])).toHaveLength(1);
  });

  test('an older one is refused with the ways out, and accepted if the caller allows it', () => {
    const manifest = { programs: { 15: '15.18', 17: '17.12' } } as unknown as LayerManifest;
    const refuse = () => checkFloors(manifest, planLayer({ layer: 'client' }));
    expect(refuse).toThrow(BelowFloor);
    expect(refuse).toThrow(/15\.18 \(needs 15\.19\).*--accept-older/);
    checkFloors(manifest, planLayer({ layer: 'client', acceptOlder: true }));
  });
});

describe('a request', () => {
  test('has defaults, sorted and without repetitions', () => {
    expect(planLayer({ layer: 'client' }).majors).toEqual([15, 17, 18]);
    expect(planLayer({ layer: 'server', majors: [18, 17, 18] }).majors).toEqual([17, 18]);
  });

  test('accepts names of extensions with or without their major', () => {
    const extensions = ['pgvector', 'postgresql-17-cron', 'pgvector'];
    expect(planLayer({ layer: 'server', majors: [17, 18], extensions }).extensions).toEqual([
      'postgresql-17-cron',
      'postgresql-17-pgvector',
      'postgresql-18-pgvector',
    ]);
  });

  test.each([
    [{ majors: [] }, 'at least one major'],
    [{ majors: [13] }, 'major 13'],
    [{ majors: [Number.NaN] }, 'major NaN'],
    [{ majors: [17.5] }, 'major 17.5'],
    [{ extensions: ['postgresql-17-cron'] }, 'is for 17, the layer has 18'],
    [{ extensions: ['--option=x'] }, 'not the name of a Debian package'],
    [{ extensions: ['a b'] }, 'not the name of a Debian package'],
  ])('of %j is refused by name', (wrong, words) => {
    const plan = () => planLayer({ layer: 'server', ...wrong });
    expect(plan).toThrow(BadLayerRequest);
    expect(plan).toThrow(words);
  });

  test('reports every mistake at once', () => {
    const plan = () => planLayer({ layer: 'client', majors: [9, 99.5], extensions: ['pgvector'] });
    expect(plan).toThrow(/major 9 .*major 99\.5 .*server layer/);
  });

  test('from the command line asks for all layers of all architectures by default', () => {
    const all = readRequests([]).map(({ layer, arch }) => `${layer} ${arch}`);
    expect(all).toEqual(['client arm64', 'server arm64', 'client x86_64', 'server x86_64']);
  });

  test.each([
    [['--layer', ','], '--layer names none'],
    [['--arch', ''], '--arch names none'],
    [['--cache', ''], '--cache names no folder'],
    [['--layer', 'client', '--extensions', 'pgvector'], '--extensions is for the server layer'],
  ])('of a command line with %j asks for nothing, and is reported', (argv, words) => {
    expect(() => readRequests(argv)).toThrow(words);
  });

  test.each(['0x11', '1.7e1', '17.0', '-17'])('refuses %s as a major', (word) => {
    const [request] = readRequests(['--layer', 'client', '--majors', `18,${word}`]);
    expect(() => planLayer(request ?? { layer: 'client' })).toThrow('major NaN');
  });

  test('of a wrong command line says what is wrong', () => {
    expect(() => readRequests(['--arch', 'armv7'])).toThrow(/--arch armv7: one of arm64, x86_64/);
    expect(() => readRequests(['--sideways'])).toThrow(/sideways/);
    const [request] = readRequests(['--layer', 'client', '--majors', '17,x']);
    expect(() => planLayer(request ?? { layer: 'client' })).toThrow('major NaN');
  });
});
