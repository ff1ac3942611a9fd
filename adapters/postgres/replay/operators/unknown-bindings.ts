import type pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import type { BindingPlan } from './binding-plan.ts';

const EQUALS = `
  SELECT DISTINCT n.nspname AS schema FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
  WHERE o.oprname = '=' AND n.nspname = ANY ($1) ORDER BY 1`;

/**
 * A warning for a manifest without operator bindings: if a schema has an `=` of its own, nothing can check whether objects are bound to
 * the same operators as before.
 */
export const unknownBindings = async (
  client: pg.Client,
  plan: BindingPlan | undefined,
): Promise<string[]> => {
  if (!plan || plan.wanted || !plan.schemas.length) return [];
  const { rows } = await client.query<{ schema: string }>(EQUALS, [plan.schemas]);
  if (!rows.length) return [];
  const schemas = rows.map(({ schema }) => quoted(schema)).join(', ');
  return [
    `operators: the backup was made by a version of Larder that did not record which ones its objects use, and ${schemas} has an operator = of its own. JOIN ... USING, CASE x WHEN y, IS DISTINCT FROM and NULLIF may use another one than at the source: compare what views, generated columns, checks and indexes with them give, or take a new backup`,
  ];
};
