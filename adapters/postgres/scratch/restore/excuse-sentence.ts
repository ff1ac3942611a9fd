import { quoted } from '../../../../core/errors/base.ts';
import type { LeftOutObject } from '../../replay/left-out-object.ts';
import type { MissingName } from '../../session/server-messages.ts';
import type { FillingExcuse } from './excuse.ts';

const SHOWN = 3;

const missingName = ({ kind, name }: MissingName): string => `the ${kind} ${name}`;

const listed = (names: readonly string[]): string =>
  `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;

/** Continues `since` or `because`. */
export const excuseSentence = (excuse: FillingExcuse): string => {
  switch (excuse.kind) {
    case 'other-major':
      return `the scratch server is PostgreSQL ${excuse.server}, and the backup is of ${excuse.source}: build the server layer with major ${excuse.source} (docs/layers.md)`;
    case 'missing-elsewhere':
      return `${missingName(excuse.missing)}, which its code or its rows name, is not in the backup, nor is it known to the catalogs that the manifest was read from`;
    case 'names-elsewhere':
      return `its code names ${missingName(excuse.missing)}, which is outside of the backup`;
    case 'reads-elsewhere':
      return `it reads the ${excuse.object}, whose rows or effects are elsewhere`;
    case 'left-out':
      return `it needs ${quoted(excuse.name)}, which was left out`;
    case 'cast-left-out':
      return `the cast ${excuse.cast} belongs to its objects and is in no backup of a schema: a restore needs it first`;
    case 'no-ability':
      return 'the scratch server, or its machine, lacks what it needs';
    case 'superusers-only':
      return 'only a superuser may create it, and a verification runs nothing of a backup as one';
    case 'rights-missing':
      return 'its code needs rights that no backup of a schema holds';
    case 'outside-missing':
      return `no placeholder can replace ${listed(excuse.names)}, which is outside its schema`;
    case 'stand-ins':
      return `objects outside the schema were replaced by placeholders of the same name: ${listed(excuse.names)}`;
    case 'empty-tables':
      return 'tables outside the schema were empty';
    case 'function-reaches-out':
      return `the function ${excuse.name} names ${excuse.schemas.map(quoted).join(', ')}, judging by its words, and of those schemas there are at most empty tables here`;
    case 'locale':
      return excuse.note;
  }
};

const reason = ({ because }: LeftOutObject): string => {
  switch (because.kind) {
    case 'superusers-only':
      return 'only a superuser may create it, and a verification runs nothing of a backup as one: it was left out';
    case 'needs':
      return `it needs ${quoted(because.name)}, which is not here: it was left out`;
    case 'needs-cast':
      return `it needs the cast ${because.cast}, which is in no backup of a schema: it was left out`;
  }
};

const LISTED = 50;

/** One line for each object that was left out, and one line for those beyond the limit. */
export const leftOutLines = (all: readonly LeftOutObject[]): readonly string[] => {
  const lines = [...new Set(all.map((one) => `${one.object}: ${reason(one)}`))];
  return lines.length > LISTED
    ? [...lines.slice(0, LISTED), `and ${lines.length - LISTED} more objects that need those`]
    : lines;
};
