import { parse } from 'libpg-query';
import type { StatementKind } from '../../../../adapters/postgres/sql/kinds/statement-kind.ts';

/**
 * What PostgreSQL's own parser (libpg-query, the grammar of 18) finds in a statement, in the terms of a StatementKind: its kind, and
 * the names that decide whether a restore sends it. `other` if StatementKind has no kind for it.
 */
export interface Told {
  readonly kind: string;
  /** Qualified names, roles and the like, in the order of the kind's fields. */
  readonly names: readonly string[];
}

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;
const child = (node: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((at, step) => (isTree(at) ? at[step] : undefined), node);
const text = (node: unknown, ...path: readonly (string | number)[]): string =>
  String(child(node, ...path) ?? '');
const list = (node: unknown, ...path: readonly (string | number)[]): readonly unknown[] => {
  const found = child(node, ...path);
  return Array.isArray(found) ? found : [];
};

/** A name as `schema.name`; without a schema, the name alone. */
const shown = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(' . ');
const relation = (node: unknown): string =>
  shown([text(node, 'schemaname'), text(node, 'relname')]);
const strings = (nodes: readonly unknown[]): string[] =>
  nodes.map((node) => text(node, 'String', 'sval'));

/** The object of an ALTER, a COMMENT or a GRANT, which is a tree of another form for each kind of object. */
const object = (node: unknown): string => {
  if (child(node, 'RangeVar')) return relation(child(node, 'RangeVar'));
  if (child(node, 'ObjectWithArgs')) return shown(strings(list(node, 'ObjectWithArgs', 'objname')));
  if (child(node, 'TypeName')) return shown(strings(list(node, 'TypeName', 'names')));
  if (child(node, 'Integer')) return text(node, 'Integer', 'ival');
  if (child(node, 'Float')) return text(node, 'Float', 'fval');
  if (child(node, 'List')) return shown(strings(list(node, 'List', 'items')));
  return text(node, 'String', 'sval');
};

/** Of an operator class or family the first item is the access method. */
const ofMethod = (type: string, node: unknown): string =>
  /OBJECT_OP(CLASS|FAMILY)/.test(type)
    ? shown(strings(list(node, 'List', 'items').slice(1)))
    : object(node);

const roles = (nodes: readonly unknown[]): string[] => [
  ...new Set(
    nodes.map((node) =>
      text(node, 'RoleSpec', 'roletype') === 'ROLESPEC_PUBLIC'
        ? 'PUBLIC'
        : text(node, 'RoleSpec', 'rolename'),
    ),
  ),
];

const told = (kind: string, ...names: readonly string[]): Told => ({ kind, names });
const OTHER = told('other');

const set = (node: Tree): Told => {
  const name = text(node, 'name').toLowerCase();
  const kind = text(node, 'kind');
  if (kind === 'VAR_SET_MULTI') return told('transaction');
  if (name === 'session_authorization' || name === 'role')
    return told(
      name === 'role' ? 'set-role' : 'session-authorization',
      text(node, 'args', 0, 'A_Const', 'sval', 'sval'),
    );
  return told('setting', kind === 'VAR_RESET_ALL' ? 'all' : name);
};

const COMMENTED: Readonly<Record<string, string>> = {
  OBJECT_SCHEMA: 'comment-on-schema',
  OBJECT_EXTENSION: 'comment-on-extension',
  OBJECT_PUBLICATION: 'publication',
  OBJECT_SUBSCRIPTION: 'subscription',
  OBJECT_EVENT_TRIGGER: 'event-trigger',
};

const comment = (node: Tree): Told => {
  const type = text(node, 'objtype');
  if (type === 'OBJECT_TABCONSTRAINT') {
    const names = strings(list(node, 'object', 'List', 'items'));
    return told('comment-on-constraint', shown(names.slice(0, -1)), names.at(-1) ?? '');
  }
  const kind = COMMENTED[type];
  return kind ? told(kind, object(child(node, 'object'))) : OTHER;
};

const alterTable = (node: Tree): Told => {
  const table = relation(child(node, 'relation'));
  const [first, ...more] = list(node, 'cmds').map((one) => child(one, 'AlterTableCmd'));
  const type = text(first, 'subtype');
  const constraint = child(first, 'def', 'Constraint');
  if (more.length === 0 && type === 'AT_ChangeOwner')
    return told('owner', table, text(first, 'newowner', 'rolename'));
  if (more.length === 0 && text(constraint, 'contype') === 'CONSTR_FOREIGN')
    return told(
      'foreign-key',
      table,
      text(constraint, 'conname'),
      relation(child(constraint, 'pktable')),
    );
  if (more.length === 0 && type === 'AT_AttachPartition')
    return told(
      text(node, 'objtype') === 'OBJECT_INDEX' ? 'attach-index' : 'attach-partition',
      table,
      relation(child(first, 'def', 'PartitionCmd', 'name')),
    );
  return told('alter', table);
};

const defaultPrivileges = (node: Tree): Told => {
  const option = (name: string): string =>
    list(node, 'options')
      .filter((one) => text(one, 'DefElem', 'defname') === name)
      .flatMap((one) => list(one, 'DefElem', 'arg', 'List', 'items'))
      .map((one) => text(one, 'RoleSpec', 'rolename') || text(one, 'String', 'sval'))
      .join();
  return told(
    'default-privileges',
    option('roles'),
    option('schemas'),
    ...roles(list(node, 'action', 'grantees')).sort(),
  );
};

const alterObject = (node: Tree, type: string): Told => {
  const name = ofMethod(type, child(node, 'object'));
  if (type === 'OBJECT_EXTENSION') return told('alter-extension', name);
  return COMMENTED[type] && type !== 'OBJECT_SCHEMA'
    ? told(COMMENTED[type], name)
    : told('alter', name || relation(child(node, 'relation')) || text(node, 'subname'));
};

const named = (names: readonly unknown[]): Told => told('create', shown(strings(names)));
const ofTable = (name: unknown, table: unknown): Told =>
  told('create', String(name), relation(table));

const READERS: Readonly<Record<string, (node: Tree) => Told>> = {
  VariableSetStmt: set,
  TransactionStmt: () => told('transaction'),
  CreateSchemaStmt: (node) => told('create-schema', text(node, 'schemaname')),
  CommentStmt: comment,
  // CREATE LANGUAGE, too, which a StatementKind distinguishes from CREATE EXTENSION.
  CreateExtensionStmt: (node) => told('create-extension', text(node, 'extname')),
  AlterExtensionStmt: (node) => told('alter-extension', text(node, 'extname')),
  AlterExtensionContentsStmt: (node) => told('alter-extension', text(node, 'extname')),
  AlterTableStmt: alterTable,
  AlterOwnerStmt: (node) =>
    told(
      'owner',
      ofMethod(text(node, 'objectType'), child(node, 'object')),
      text(node, 'newowner', 'rolename'),
    ),
  GrantStmt: (node) =>
    told(
      node.is_grant ? 'grant' : 'revoke',
      list(node, 'objects').map(object).join(', '),
      ...roles(list(node, 'grantees')).sort(),
    ),
  AlterDefaultPrivilegesStmt: defaultPrivileges,
  AlterObjectSchemaStmt: (node) => alterObject(node, text(node, 'objectType')),
  AlterObjectDependsStmt: (node) => alterObject(node, text(node, 'objectType')),
  RenameStmt: (node) => alterObject(node, text(node, 'renameType')),
  AlterSeqStmt: (node) => told('alter', relation(child(node, 'sequence'))),
  AlterFunctionStmt: (node) => told('alter', shown(strings(list(node, 'func', 'objname')))),
  AlterDomainStmt: (node) => told('alter', shown(strings(list(node, 'typeName')))),
  AlterEnumStmt: (node) => told('alter', shown(strings(list(node, 'typeName')))),
  AlterTypeStmt: (node) => told('alter', shown(strings(list(node, 'typeName')))),
  AlterOperatorStmt: (node) => told('alter', shown(strings(list(node, 'opername', 'objname')))),
  AlterOpFamilyStmt: (node) => told('alter', shown(strings(list(node, 'opfamilyname')))),
  AlterTSConfigurationStmt: (node) => told('alter', shown(strings(list(node, 'cfgname')))),
  AlterTSDictionaryStmt: (node) => told('alter', shown(strings(list(node, 'dictname')))),
  AlterStatsStmt: (node) => told('alter', shown(strings(list(node, 'defnames')))),
  AlterEventTrigStmt: (node) => told('event-trigger', text(node, 'trigname')),
  AlterPublicationStmt: (node) => told('publication', text(node, 'pubname')),
  AlterSubscriptionStmt: (node) => told('subscription', text(node, 'subname')),
  CreatePublicationStmt: (node) => told('publication', text(node, 'pubname')),
  CreateSubscriptionStmt: (node) => told('subscription', text(node, 'subname')),
  CreateEventTrigStmt: (node) => told('event-trigger', text(node, 'trigname')),
  CreateStmt: (node) => told('create', relation(child(node, 'relation'))),
  CreateForeignTableStmt: (node) => told('create', relation(child(node, 'base', 'relation'))),
  CreateTableAsStmt: (node) => told('create', relation(child(node, 'into', 'rel'))),
  ViewStmt: (node) => told('create', relation(child(node, 'view'))),
  CreateSeqStmt: (node) => told('create', relation(child(node, 'sequence'))),
  CompositeTypeStmt: (node) => told('create', relation(child(node, 'typevar'))),
  DefineStmt: (node) => named(list(node, 'defnames')),
  CreateFunctionStmt: (node) => named(list(node, 'funcname')),
  CreateEnumStmt: (node) => named(list(node, 'typeName')),
  CreateRangeStmt: (node) => named(list(node, 'typeName')),
  CreateDomainStmt: (node) => named(list(node, 'domainname')),
  CreateOpClassStmt: (node) => named(list(node, 'opclassname')),
  CreateOpFamilyStmt: (node) => named(list(node, 'opfamilyname')),
  CreateStatsStmt: (node) => named(list(node, 'defnames')),
  CreateConversionStmt: (node) => named(list(node, 'conversion_name')),
  IndexStmt: (node) => ofTable(node.idxname, child(node, 'relation')),
  CreateTrigStmt: (node) => ofTable(node.trigname, child(node, 'relation')),
  RuleStmt: (node) => ofTable(node.rulename, child(node, 'relation')),
  CreatePolicyStmt: (node) => ofTable(node.policy_name, child(node, 'table')),
  CreateRoleStmt: (node) => told('create', text(node, 'role')),
  CreatedbStmt: (node) => told('create', text(node, 'dbname')),
  CreateTableSpaceStmt: (node) => told('create', text(node, 'tablespacename')),
  CreateForeignServerStmt: (node) => told('create', text(node, 'servername')),
  CreateFdwStmt: (node) => told('create', text(node, 'fdwname')),
  CreatePLangStmt: (node) => told('create', text(node, 'plname')),
  CreateAmStmt: (node) => told('create', text(node, 'amname')),
  RefreshMatViewStmt: (node) => told('refresh', relation(child(node, 'relation'))),
  CopyStmt: (node) =>
    node.is_from && node.filename === undefined && !node.is_program
      ? told('copy', relation(child(node, 'relation')), ...strings(list(node, 'attlist')))
      : OTHER,
};

/** A SELECT of one of the two functions that a dump calls counts as that call; any other is `other`. */
const select = (node: Tree): Told => {
  const [target, ...more] = list(node, 'targetList');
  const call = child(target, 'ResTarget', 'val', 'FuncCall');
  const name = shown(strings(list(call, 'funcname')));
  const [first, second] = list(call, 'args').map((one) => text(one, 'A_Const', 'sval', 'sval'));
  if (more.length || child(node, 'fromClause') || child(node, 'whereClause')) return OTHER;
  if (name === 'pg_catalog . setval') return told('sequence-value', first ?? '');
  if (name === 'pg_catalog . set_config' && second !== undefined)
    return told('setting', (first ?? '').toLowerCase());
  return OTHER;
};

/** @throws SqlError if PostgreSQL can't parse it */
export const parsed = async (sql: string): Promise<readonly Told[]> => {
  const { stmts = [] } = await parse(sql);
  return stmts.map(({ stmt }) => {
    const [[type, node] = ['', {}]] = Object.entries(stmt ?? {});
    if (!isTree(node)) return OTHER;
    return type === 'SelectStmt' ? select(node) : (READERS[type]?.(node) ?? OTHER);
  });
};

const nameOf = ({ schema, name }: { readonly schema: string | null; readonly name: string }) =>
  shown([schema ?? '', name]);

/** A StatementKind in the same terms. */
export const toldBy = (statement: StatementKind): Told => {
  const { kind } = statement;
  const own = (...names: readonly (string | null)[]): Told =>
    told(kind, ...names.map((name) => name ?? ''));
  switch (kind) {
    case 'setting':
      return own(statement.name);
    case 'session-authorization':
    case 'set-role':
      return own(statement.role);
    case 'create-schema':
    case 'comment-on-schema':
      return own(statement.schema);
    case 'create-extension':
    case 'comment-on-extension':
    case 'alter-extension':
      return own(statement.extension);
    case 'foreign-key':
      return own(nameOf(statement.table), statement.constraint, nameOf(statement.references));
    case 'comment-on-constraint':
      return own(nameOf(statement.table), statement.constraint);
    case 'attach-partition':
    case 'attach-index':
      return own(nameOf(statement.parent), nameOf(statement.child));
    case 'owner':
      return own(nameOf(statement.on), statement.role);
    case 'grant':
    case 'revoke':
      return own(nameOf(statement.on), ...everybody(statement));
    case 'default-privileges':
      return own(statement.role, statement.schema, ...everybody(statement));
    case 'create':
      return statement.table
        ? own(statement.name, nameOf(statement.table))
        : own(nameOf(statement));
    case 'alter':
      return own(nameOf(statement.on));
    case 'refresh':
      return own(nameOf(statement.view));
    case 'copy':
      return own(nameOf(statement.table), ...statement.columns);
    case 'sequence-value':
      return own(statement.text);
    case 'publication':
    case 'subscription':
    case 'event-trigger':
      return own(statement.name);
    default:
      return own();
  }
};

const everybody = (whom: { readonly roles: readonly string[]; readonly public: boolean }) =>
  [...whom.roles, ...(whom.public ? ['PUBLIC'] : [])].sort();
