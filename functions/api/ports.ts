import type {
  Clock,
  ExportQueue,
  History,
  Log,
  Outcomes,
  Registry,
  Runs,
  SourceFunctions,
  Vault,
} from '../../core/ports.ts';
import type { ExportSettings, RetentionSettings } from '../../core/settings.ts';

export interface ApiPorts {
  readonly history: History;
  readonly runs: Runs;
  readonly registry: Registry;
  readonly vault: Pick<Vault, 'downloadUrl'>;
  readonly functions: SourceFunctions;
  /** By name of the source. */
  readonly queues: ReadonlyMap<string, Pick<ExportQueue, 'send'>>;
  /** Tells people what ended here; without it, sweep does. */
  readonly outcomes?: Outcomes;
  /** Counts an answer that a source's silence left open: no fault of the API. */
  readonly countUnresolved?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ApiSettings {
  readonly environment: string;
  readonly exportDefaults: ExportSettings;
  readonly retention: RetentionSettings;
  /** Names of the configured sources. */
  readonly sources: readonly string[];
  /** How long sources may take to say whether they have a project, milliseconds. */
  readonly lookUpMs: number;
}

export interface Api {
  readonly ports: ApiPorts;
  readonly settings: ApiSettings;
}
