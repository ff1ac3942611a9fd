import type { PlanEvent } from './messages.ts';
import type { Page } from './ports.ts';
import type { Project, RegisteredProject } from './project.ts';

export interface ProjectSource {
  readonly name: string;
  /**
   * Whether an id begins with the source's prefix, or with one that it had before. IAM may refuse the source's functions the rows of
   * all other ids.
   */
  covers(projectId: string): boolean;
  /** All projects of any status. @throws InvalidInput where the query gives something else than projects */
  listProjects(): Promise<readonly Project[]>;
  /** Gives up where `signal` is aborted. */
  findProject(projectId: string, signal?: AbortSignal): Promise<Project | undefined>;
}

/** The functions of a source, as others call them. */
export interface SourceFunctions {
  /** Asks the source's discover function about one project. @throws the error it named */
  lookUp(source: string, projectId: string): Promise<RegisteredProject | undefined>;
  /** Starts planning, without waiting for its end. */
  startPlan(source: string, event: PlanEvent): Promise<void>;
}

export interface Registry {
  get(projectId: string): Promise<RegisteredProject | undefined>;
  list(limit: number, cursor?: string): Promise<Page<RegisteredProject>>;
  /** Whether a source has a living project of that id, as the index shows it: a moment behind. */
  lists(source: string, projectId: string): Promise<boolean>;
  /** All projects of one source, in no order. */
  ofSource(source: string): Promise<ReadonlyMap<string, RegisteredProject>>;
  /** Writes one project as seen now, unless another source has the id. Keeps `lastSuccess`. @throws DuplicateProject */
  register(project: Project, source: string): Promise<void>;
  /** The source no longer lists it: status GONE. */
  retire(projectId: string, source: string): Promise<void>;
}
