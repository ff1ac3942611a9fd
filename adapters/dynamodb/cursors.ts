import { InvalidInput } from '../../core/errors/request.ts';
import { sha256Hex } from '../../core/ids.ts';

/**
 * Cursors of lists: where the last page ended, bound to the list it came from by a digest. The digest holds
 * no secret: it turns a damaged cursor, or one of another project, into a clear refusal. What a cursor can
 * reach is bounded by the query it continues, never by the cursor.
 */
const digest = (list: string, position: string): string =>
  sha256Hex(`${list}\0${position}`).slice(0, 16);

export const cursorOf = (list: string, position: string): string =>
  Buffer.from(`${digest(list, position)}${position}`, 'utf8').toString('base64url');

/** @throws InvalidInput for what is no cursor of this list. */
export const positionOf = (list: string, cursor: string): string => {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.toString('utf8');
  const position = text.slice(16);
  if (bytes.toString('base64url') !== cursor || text.slice(0, 16) !== digest(list, position)) {
    throw new InvalidInput('The request', [
      'cursor: it is none of this list; give it back as the last page had it, or leave it out to begin anew',
    ]);
  }
  return position;
};
