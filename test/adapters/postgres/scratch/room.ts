import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureTool } from '../../../../layers/postgres/tools.ts';

/**
 * A sandbox like Lambda's, or poorer: everything is read only but /tmp, which has a size; no /dev/shm, no locales, no network; a user that is
 * not root and has a name; an almost empty environment, without even HOME.
 */
export interface Room {
  /** Runs a Node program in it, and returns the JSON that it prints. */
  run(program: string, args: readonly string[], room?: RoomOptions): Promise<unknown>;
  /** Starts a Node program in it, whose standard output the caller reads. */
  start(command: Command, room?: RoomOptions): ChildProcess;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** For Node itself. */
  readonly flags?: readonly string[];
  /** All variables that the program gets besides PATH. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RoomOptions {
  readonly temporaryMb?: number;
  /** The user's name in /etc/passwd; none if it is empty. */
  readonly user?: string;
  /** Emulators on this machine are reachable. */
  readonly network?: boolean;
  /** Files and folders below /tmp or /var/tmp that it needs, besides those that its arguments name. */
  readonly visible?: readonly string[];
}

const UID = '993';
const REPOSITORY = path.resolve(import.meta.dirname, '../../../..');
const LOCALES = ['/usr/lib/locale'];
const DEVICES = ['null', 'zero', 'urandom', 'random'];

/** @param folder for what the sandbox needs */
export const makeRoom = async (folder: string): Promise<Room> => {
  const bwrap = await ensureTool('bubblewrap', 'usr/bin/bwrap');
  const passwd = path.join(folder, 'passwd');
  mkdirSync(folder, { recursive: true });
  const devices = DEVICES.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]);
  const start: Room['start'] = ({ program, args, flags = [], environment = {} }, options = {}) => {
    const { temporaryMb = 512, user = 'sbx_user1051', network = false, visible = [] } = options;
    writeFileSync(passwd, user && `${user}:x:${UID}:990::/home/${user}:/sbin/nologin\n`);
    // Needed files may be where the sandbox has a folder of its own.
    const needed = [REPOSITORY, path.dirname(process.execPath), ...args, ...visible];
    const hidden = needed
      .filter((one) => path.isAbsolute(one) && /^\/(var\/)?tmp\//.test(one))
      .flatMap((one) => ['--ro-bind', one, one]);
    const variables = { PATH: '/usr/bin:/bin', ...environment };
    const [command = '', ...given] = [
      ...bwrap.command,
      ...['--unshare-user', '--unshare-ipc', '--unshare-pid'],
      ...(network ? [] : ['--unshare-net']),
      ...['--uid', UID, '--gid', '990', '--die-with-parent', '--new-session'],
      ...['--ro-bind', '/', '/', '--ro-bind', passwd, '/etc/passwd'],
      ...['--proc', '/proc', '--tmpfs', '/dev', ...devices, '--remount-ro', '/dev'],
      ...LOCALES.filter((one) => existsSync(one)).flatMap((one) => ['--tmpfs', one]),
      ...['--tmpfs', '/var/tmp'],
      ...['--size', String(temporaryMb * 1024 ** 2), '--tmpfs', '/tmp', ...hidden],
      ...['--remount-ro', '/var/tmp', '--chdir', '/', '--clearenv'],
      ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
      ...['--', process.execPath, ...flags, program, ...args],
    ];
    return spawn(command, given, { stdio: ['ignore', 'pipe', 'inherit'] });
  };
  return {
    start,
    run: async (program, args, options) => {
      const child = start({ program, args }, options);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`the room's program ended with ${code}: ${output}`);
      return JSON.parse(output);
    },
  };
};
