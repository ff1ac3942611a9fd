import { quoted } from './errors/base.ts';
import type { NotOwned } from './ownership.ts';

/**
 * A sentence for each reason why a restore may not change a schema, and what to do. It names no other project, because its readers may
 * have access to one project only.
 */
const ELSEWHERE =
  'Restore this backup into a database that has no schema of that name: with POST .../elsewhere, or by hand with the commands of GET .../restore-guide.';

const ofAnotherProject = ({ schema, source, use }: NotOwned): string => {
  const name = quoted(schema);
  const head = `Schema ${name} belongs to another project now, according to the list of projects of source ${quoted(source)}`;
  switch (use) {
    case 'take':
      return `The name ${name} belongs to another project of source ${quoted(source)}: choose another name.`;
    case 'set-aside':
      return `${head}, and the objects of this backup have its name: a restore would have to rename that schema temporarily, and it never renames another project's schema. ${ELSEWHERE}`;
    default:
      return `${head}, so a restore may not change it. ${ELSEWHERE}`;
  }
};

export const notOwnedSentence = (problem: NotOwned): string => {
  const name = quoted(problem.schema);
  const source = quoted(problem.source);
  switch (problem.why) {
    case 'another-project':
      return ofAnotherProject(problem);
    case 'moved':
      return `The project has ${problem.now.map((schema) => `schema ${quoted(schema)}`).join(', ')} now, according to the list of projects of source ${source}. This backup is of schema ${name}, so it can't replace the live one. Restore it beside, and copy what you need.`;
    case 'unlisted':
      return `Source ${source} no longer lists the project, so schema ${name} may belong to another project, and a restore may not change it. Restore beside, or list the project again.`;
    case 'listed-twice':
      return `Source ${source} lists the project's id ${problem.times} times, so it is not clear which schema belongs to it. Correct the list of projects, or restore beside.`;
    case 'other-source':
      return `The project is in source ${quoted(problem.home)} now, so schema ${name} of source ${source} is not its live one. Restore the backup there by POST .../elsewhere, or restore it beside.`;
    case 'unreadable':
      return `The restore role can't read the list of projects of source ${source}, which says which project schema ${name} belongs to (PostgreSQL says: ${problem.said}). ${problem.wayOut}`;
  }
};
