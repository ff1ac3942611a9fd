import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/** The role that docs/roles.md makes for backups: what the tests export with, never a superuser. */
export const BACKUP_ROLE = 'larder_backup';

const PAGE = path.resolve(import.meta.dirname, '../../docs/roles.md');

/**
 * A script of docs/roles.md as it stands there, but with another password than the one it tells people to change.
 * @throws Error where the page has no script of that name
 */
export const roleScript = (name: string, password: string): string => {
  const page = readFileSync(PAGE, 'utf8');
  const found = new RegExp(`\`\`\`sql ${name}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (!found) throw new Error(`docs/roles.md has no script ${name}`);
  return found.replaceAll("'change me'", pg.escapeLiteral(password));
};
