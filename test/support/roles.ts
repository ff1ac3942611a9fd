import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/** The backup role of docs/roles.md: the tests export as this role, never as a superuser. */
export const BACKUP_ROLE = 'larder_backup';

const PAGE = path.resolve(import.meta.dirname, '../../docs/roles.md');

/**
 * A script of docs/roles.md, unchanged except for the password that the page says to change.
 * @throws Error if the page has no script of that name
 */
export const roleScript = (name: string, password: string): string => {
  const page = readFileSync(PAGE, 'utf8');
  const found = new RegExp(`\`\`\`sql ${name}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (!found) throw new Error(`docs/roles.md has no script ${name}`);
  return found.replaceAll("'change me'", pg.escapeLiteral(password));
};
