/** How long a backup is kept, from the shortest to the longest. */
export const RETENTION_CLASSES = ['daily', 'weekly', 'monthly', 'yearly'] as const;
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

/** A class that only one backup of each ISO week, month or year has. */
export const GENERATIONS = ['weekly', 'monthly', 'yearly'] as const;
export type Generation = (typeof GENERATIONS)[number];
