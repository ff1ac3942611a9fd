import type pg from 'pg';
import { StatementRefused } from '../../../../core/errors/restore.ts';
import { schemasIn } from '../../../../core/manifest.ts';
import type { UnfinishedObject } from '../../../../core/restore.ts';
import type { Unfilled } from '../../comparison/comparison-request.ts';
import { isOfTheDefinition, reported, type Unfinished } from '../../replay/unfinished-objects.ts';
import { type Circumstances, excuseFor, type FillingExcuse, missedElsewhere } from './excuse.ts';
import { excuseSentence } from './excuse-sentence.ts';
import { reachOfView } from './view-reach.ts';

/**
 * Sorts unfinished objects: if the scratch server lacks something that an object needs, the object is not compared, because that says
 * nothing about the backup. If rows of the backup itself violate its definitions, the result lists the object. Neither is damage.
 */
export interface SortedUnfinished {
  /** Materialized views that could not be filled. */
  readonly unfilled: readonly Unfilled[];
  readonly notChecked: readonly string[];
  /** The backup's own. */
  readonly unfinished: readonly UnfinishedObject[];
}

const excuseOf = async (
  client: pg.Client,
  one: Unfinished,
  given: Circumstances,
): Promise<FillingExcuse | undefined> => {
  const { error, on, state } = one;
  const { manifest } = given;
  if (state === 'unfilled' && on.schema !== null) {
    const missing = missedElsewhere(error, manifest);
    if (missing) return { kind: 'names-elsewhere', missing };
    const view = { schema: on.schema, name: on.name };
    const object = await reachOfView(client, view, schemasIn(manifest));
    if (object !== undefined) return { kind: 'reads-elsewhere', object };
  }
  return error instanceof StatementRefused ? excuseFor(error, given) : undefined;
};

const isFilling = ({ state, on }: Unfinished): boolean =>
  state === 'unfilled' && on.schema !== null;

/** @throws an error that PostgreSQL cannot read the statement: it is damaged, whatever the rows are */
export const sortUnfinished = async (
  client: pg.Client,
  all: readonly Unfinished[],
  given: Circumstances,
): Promise<SortedUnfinished> => {
  const unfilled: Unfilled[] = [];
  const notChecked: string[] = [];
  const unfinished: UnfinishedObject[] = [];
  for (const one of all) {
    const excuse = await excuseOf(client, one, given);
    if (!excuse && isOfTheDefinition(one)) throw one.error;
    const why = excuse && excuseSentence(excuse);
    if (why === undefined) unfinished.push(reported(one));
    else if (!isFilling(one))
      notChecked.push(
        `${one.object}: it could not be recreated here as it is at the source, because ${why}`,
      );
    if (isFilling(one)) {
      const { schema, name } = one.on;
      unfilled.push({ schema: schema ?? '', name, why: why ?? one.why });
    }
  }
  return { unfilled, notChecked, unfinished };
};
