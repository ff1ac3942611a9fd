import type { Content, Format } from '../../../core/backup.ts';
import type { StockReason } from '../../../core/engine.ts';
import type { DumpRequest } from '../../../core/snapshot-ports.ts';
import { type Planned, planOf, type SchemaFacts, unknownVersion } from './plan.ts';
import type { Template, TemplateContent, TemplateOf, TemplateRequest } from './template.ts';
import { type DumpToWrite, type RunningDump, writeDump } from './write-dump.ts';

/** A dump by the engine, or the reason why stock pg_dump must make it. */
export type EngineDump =
  | { readonly refused: StockReason }
  | (RunningDump & {
      /** pg_dump's version, which made the template. */
      readonly version: string;
    });

export interface EngineContext
  extends Omit<TemplateRequest, 'content' | 'signal'>,
    SchemaFacts,
    Pick<DumpToWrite, 'free' | 'takenAt'> {}

/** What no template is needed for to know. */
const refusedAtOnce = (
  { format, content }: { readonly format: Format; readonly content: Content },
  encoding: string,
): StockReason | undefined => {
  // pg_dump writes keys of its own (\restrict) into SQL, and spools a tar.
  if (format !== 'custom') return { kind: 'format' };
  if (content === 'schema') return { kind: 'content' };
  // The session would check that rows are UTF-8, which they need not be there.
  if (encoding === 'SQL_ASCII') return { kind: 'encoding' };
  return undefined;
};

/** @throws the named errors of a dump while the template is made; later ones end the output */
export const startEngineDump = async (
  templateOf: TemplateOf,
  request: DumpRequest,
  context: EngineContext,
): Promise<EngineDump> => {
  const { server, schemas, locks } = context;
  const refused = refusedAtOnce(request, server.encoding);
  if (refused) return { refused };
  const content: TemplateContent = request.content === 'data' ? 'data' : 'full';
  const template = await templateOrReason(templateOf, {
    ...context,
    content,
    signal: request.signal,
  });
  if ('refused' in template) return template;
  const planned: Planned = planOf(template, context);
  if ('refused' in planned) return planned;
  const running = writeDump({
    ...context,
    header: template.contents.header,
    plan: planned.plan,
    compress: request.compress,
    onTable: request.onTable,
    signal: request.signal,
    circumstances: { schemas, server, ...(locks && { locks }) },
  });
  return { ...running, version: template.dumpVersion };
};

const templateOrReason = async (
  templateOf: TemplateOf,
  request: TemplateRequest,
): Promise<Template | { readonly refused: StockReason }> => {
  try {
    return await templateOf(request);
  } catch (error) {
    const refused = unknownVersion(error);
    if (refused) return { refused };
    throw error;
  }
};
