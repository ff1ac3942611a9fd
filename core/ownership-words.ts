import { quoted } from './errors/base.ts';
import type { NotOwned } from './ownership.ts';

/**
 * A sentence for each reason why a restore may not touch a schema, with what to do. It names no other project: who may see one
 * project only reads it.
 */
const ELSEWHERE =
  'Bring this backup into a database that has no schema of that name: POST .../elsewhere, or by hand, as GET .../restore-guide says.';

const ofAnotherProject = ({ schema, source, use }: NotOwned): string => {
  const name = quoted(schema);
  const head = `Schema ${name} belongs to another project now, by the list of projects of source ${quoted(source)}`;
  switch (use) {
    case 'take':
      return `The name ${name} belongs to another project of source ${quoted(source)}: give another name.`;
    case 'set-aside':
      return `${head}, and the objects of this backup have its name: it would have to be renamed while they come back, which is not done to another project's schema. ${ELSEWHERE}`;
    default:
      return `${head}: nothing of it is changed. ${ELSEWHERE}`;
  }
};

export const notOwnedSentence = (problem: NotOwned): string => {
  const name = quoted(problem.schema);
  const source = quoted(problem.source);
  switch (problem.why) {
    case 'another-project':
      return ofAnotherProject(problem);
    case 'moved':
      return `The project has ${problem.now.map((schema) => `schema ${quoted(schema)}`).join(', ')} now, by the list of projects of source ${source}, and not ${name}, which this backup is of: it can't take the live one's place. Restore it beside, and take from there what you need.`;
    case 'unlisted':
      return `Source ${source} does not list the project any more, so nothing says that schema ${name} is still its own: it stays as it is. Restore beside, or list the project again.`;
    case 'listed-twice':
      return `Source ${source} lists the project's id ${problem.times} times, so nobody can tell which schema is its own. Correct the list of projects, or restore beside.`;
    case 'other-source':
      return `The project is in source ${quoted(problem.home)} now, so schema ${name} of source ${source} is not its live one. Bring the backup there by POST .../elsewhere, or restore it beside.`;
    case 'unreadable':
      return `The restore role can't read the list of projects of source ${source}, which says whose schema ${name} is (PostgreSQL says: ${problem.said}). ${problem.wayOut}`;
  }
};
