import type { AccessRequest } from './evaluate.ts';
import { matchesAction, matchesArn } from './patterns.ts';
import type { Statement } from './statements.ts';

/** One action on one resource of a statement: a statement with three actions and two resources has six grants. */
export interface Grant {
  /** Logical id of the role, or of the permission of a function. */
  readonly holder: string;
  readonly action: string;
  readonly resource: string;
}

/** All grants, and which of them were used. */
export interface Grants {
  add(holder: string, statements: readonly Statement[]): void;
  use(request: AccessRequest, by: readonly Statement[]): void;
  all(): readonly Grant[];
  unused(): readonly Grant[];
}

interface Entry {
  readonly grant: Grant;
  used: boolean;
}

/** A grant by `NotAction` or `NotResource` is shown as such, and counts as used once its statement has allowed anything. */
const shown = (isNegated: boolean, patterns: readonly string[]): readonly string[] =>
  isNegated ? [`all but ${patterns.join(', ')}`] : patterns;

export const makeGrants = (): Grants => {
  const entries = new Map<Statement, readonly Entry[]>();
  const flat = (): readonly Entry[] => [...entries.values()].flat();
  return {
    add: (holder, statements) => {
      for (const statement of statements) {
        if (statement.effect !== 'Allow') continue;
        const { actions, resources } = statement;
        const targets = resources ? shown(resources.isNegated, resources.patterns) : ['*'];
        const made = shown(actions.isNegated, actions.patterns).flatMap((action) =>
          targets.map((resource) => ({ grant: { holder, action, resource }, used: false })),
        );
        entries.set(statement, made);
      }
    },
    use: ({ action, resource }, by) => {
      for (const statement of by) {
        const { actions, resources } = statement;
        for (const entry of entries.get(statement) ?? []) {
          entry.used ||=
            (actions.isNegated || matchesAction(entry.grant.action, action)) &&
            (resources?.isNegated === true || matchesArn(entry.grant.resource, resource));
        }
      }
    },
    all: () => flat().map(({ grant }) => grant),
    unused: () => flat().flatMap(({ grant, used }) => (used ? [] : [grant])),
  };
};
