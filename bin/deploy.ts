/**
 * `npm run deploy`: CDK deploys the stack, then `larder doctor` checks the parts that only the account can show. Arguments go to CDK; the
 * doctor also uses the context values that name the stack and the configuration.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { EXIT } from './usage.ts';

const run = async (program: string, args: readonly string[]): Promise<number> => {
  const [status] = (await once(spawn(program, args, { stdio: 'inherit' }), 'close')) as [
    number | null,
  ];
  return status ?? EXIT.failed;
};

/** `-c larder:stack=NAME` as the doctor's `--stack=NAME`. */
export const doctorArguments = (argv: readonly string[]): string[] =>
  argv.flatMap((argument) => {
    const [, name, value] =
      /^(?:(?:-c|--context)=?)?larder:(stack|config)=(.+)$/.exec(argument) ?? [];
    return name === undefined ? [] : [`--${name}=${value}`];
  });

if (import.meta.main) {
  const argv = process.argv.slice(2);
  const deployed = await run('cdk', ['deploy', '--all', ...argv]);
  const larder = path.join(import.meta.dirname, 'larder.ts');
  process.exitCode =
    deployed || (await run(process.execPath, [larder, 'doctor', ...doctorArguments(argv)]));
}
