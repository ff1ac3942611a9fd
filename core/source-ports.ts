import type { PlanEvent } from './messages.ts';
import type { Page } from './ports.ts';
import type { Project, RegisteredProject } from './project.ts';

export interface ProjectSource {
  readonly name: string;
  /**
   * Whether an id has the source's present prefix or a former one. IAM may deny the source's functions access to the rows of
   * all other ids.
   */
  covers(projectId: string): boolean;
  /** All projects of any status. @throws InvalidInput if the query returns anything but projects */
  listProjects(): Promise<readonly Project[]>;
  /** Stops when `signal` is aborted. */
  findProject(projectId: string, signal?: AbortSignal): Promise<Project | undefined>;
}

/** The functions of a source, for other functions. */
export interface SourceFunctions {
  /** Asks the source's discover function about one project. @throws the error that it returned */
  lookUp(
    source: string,
    projectId: string,
    abortSignal?: AbortSignal,
  ): Promise<RegisteredProject | undefined>;
  /** Starts planning, without waiting for its end. */
  startPlan(source: string, event: PlanEvent): Promise<void>;
}

export interface Registry {
  get(projectId: string): Promise<RegisteredProject | undefined>;
  list(limit: number, cursor?: string): Promise<Page<RegisteredProject>>;
  /** Whether a source has an existing project with that id. Reads the index, which may lag a moment behind. */
  lists(source: string, projectId: string): Promise<boolean>;
  /** All projects of all sources, in no order. Reads the index, which may lag a moment behind. */
  all(): AsyncIterable<RegisteredProject>;
  /** All projects of one source, in no order. */
  ofSource(source: string): Promise<ReadonlyMap<string, RegisteredProject>>;
  /** Writes one project as seen now, unless another source has the id. Keeps `lastSuccess`. @throws DuplicateProject */
  register(project: Project, source: string): Promise<void>;
  /** The source no longer lists it: status GONE. */
  retire(projectId: string, source: string): Promise<void>;
}
