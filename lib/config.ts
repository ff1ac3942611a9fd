/** The configuration: its form, its defaults and its checks. `larder.config.ts` holds one. */
export { checkConfig, defineConfig } from './config/check.ts';
export { ConfigInvalid } from './config/config-invalid.ts';
export { sourcesOf } from './config/cross-checks.ts';
export type { Login } from './config/login.ts';
export type { Network } from './config/network.ts';
export type {
  Config,
  ConfigInput,
  RestoreConfig,
  ScheduleConfig,
  SourceConfig,
} from './config/schema.ts';
