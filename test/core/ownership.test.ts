import { describe, expect, it } from 'vitest';
import {
  type Claims,
  notOwned,
  type ProjectClaim,
  type RestoringProject,
  type SchemaUse,
} from '../../core/ownership.ts';
import { notOwnedSentence } from '../../core/ownership-sentence.ts';

const PROJECT: RestoringProject = {
  id: 'acme',
  home: 'main',
  registered: ['s'],
  nameChosen: false,
  isShared: false,
};
const claim = (projectId: string, schema: string, status = 'ACTIVE'): ProjectClaim => ({
  projectId,
  schema,
  status,
});
const read = (claims: ReturnType<typeof claim>[], timesListed = 1): Claims => ({
  kind: 'read',
  claims,
  timesListed,
});
const use = (how: SchemaUse['use'], live = true): SchemaUse => ({ schema: 's', use: how, live });
const why = (claims: Claims, one: SchemaUse, more: Partial<RestoringProject> = {}) =>
  notOwned({ ...PROJECT, ...more }, 'main', claims, [one])[0]?.why;

const OWN = read([claim('acme', 's')]);
const SHARED_BY_TWO = read([claim('acme', 's'), claim('beta', 's')]);
const OTHERS = read([claim('beta', 's')], 0);
const MOVED = read([claim('acme', 't')]);
const MOVED_AND_GIVEN = read([claim('acme', 't'), claim('beta', 's', 'SUSPENDED')]);
const NOBODYS = read([], 0);
const LISTED_TWICE = read([claim('acme', 's'), claim('acme', 't')], 2);
const OLD_ROW = read([claim('acme', 's'), claim('beta', 's', 'DELETED')]);
const BOTH_INACTIVE = read([claim('acme', 's', 'SUSPENDED'), claim('beta', 's', 'DELETED')]);
const CLOSED: Claims = {
  kind: 'unreadable',
  said: 'no',
  wayOut: 'GRANT',
  isMissing: false,
  claims: [],
};
const CLOSED_BUT_SHARED: Claims = { ...CLOSED, claims: [claim('_shared-main', 's')] };

describe('the owner of a schema', () => {
  it.each([
    // claims, exchange, exchange of nothing, fill, set aside, take
    ['own', OWN, [undefined, undefined, undefined, undefined, undefined]],
    [
      'shared by two',
      SHARED_BY_TWO,
      ['another-project', 'another-project', 'another-project', undefined, 'another-project'],
    ],
    [
      'another’s',
      OTHERS,
      [
        'another-project',
        'another-project',
        'another-project',
        'another-project',
        'another-project',
      ],
    ],
    ['left for another', MOVED, ['moved', 'moved', 'moved', undefined, undefined]],
    [
      'left and given away',
      MOVED_AND_GIVEN,
      [
        'another-project',
        'another-project',
        'another-project',
        'another-project',
        'another-project',
      ],
    ],
    ['nobody’s', NOBODYS, ['unlisted', undefined, 'unlisted', undefined, undefined]],
    [
      'listed twice',
      LISTED_TWICE,
      ['listed-twice', 'listed-twice', 'listed-twice', undefined, undefined],
    ],
    ['own, and in an old row', OLD_ROW, [undefined, undefined, undefined, undefined, undefined]],
    [
      'of two inactive ones',
      BOTH_INACTIVE,
      ['another-project', 'another-project', 'another-project', undefined, 'another-project'],
    ],
    ['unknown', CLOSED, ['unreadable', 'unreadable', 'unreadable', undefined, undefined]],
    [
      'shared by all',
      CLOSED_BUT_SHARED,
      [
        'another-project',
        'another-project',
        'another-project',
        'another-project',
        'another-project',
      ],
    ],
  ] as const)('%s', (_, claims, expected) => {
    const uses = [
      use('exchange'),
      use('exchange', false),
      use('fill'),
      use('set-aside'),
      use('take'),
    ];
    expect(uses.map((one) => why(claims, one))).toEqual(expected);
  });

  it('is no project here if the schema belongs to another source, but it may be set aside', () => {
    expect(why(OWN, use('exchange'), { home: 'second' })).toBe('other-source');
    expect(why(OWN, use('set-aside'), { home: 'second' })).toBeUndefined();
  });

  it('is not decided by a registry that knows another schema, or another source', () => {
    expect(why(CLOSED, use('set-aside'), { registered: ['t'] })).toBe('unreadable');
    expect(why(CLOSED, use('set-aside'), { home: 'second' })).toBe('unreadable');
    expect(why(CLOSED, use('take'), { nameChosen: true })).toBe('unreadable');
  });

  it('may be taken if there is no list yet, and by shared schemas if it is to be one', () => {
    const missing: Claims = {
      kind: 'unreadable',
      said: 'no',
      wayOut: '',
      isMissing: true,
      claims: [],
    };
    expect(why(missing, use('take'), { nameChosen: true })).toBeUndefined();
    expect(why(missing, use('exchange'))).toBe('unreadable');
    const shared = read([{ ...claim('_shared-other', 's'), isShared: true }], 0);
    expect(why(shared, use('take'))).toBe('another-project');
    expect(why(shared, use('take'), { isShared: true })).toBeUndefined();
    expect(why(shared, use('set-aside'), { isShared: true })).toBe('another-project');
    expect(why(shared, use('exchange'), { isShared: true })).toBe('another-project');
  });

  it('is reported to one project without the name of another', () => {
    for (const one of [use('exchange'), use('set-aside'), use('take')])
      for (const problem of notOwned(PROJECT, 'main', OTHERS, [one]))
        expect(notOwnedSentence(problem)).not.toContain('beta');
  });
});
