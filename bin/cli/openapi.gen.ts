/** Made by `npm run docs` from the OpenAPI document. */
export interface paths {
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the API answers */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What runs now, recent history, runs, and the last success of projects */
        get: operations["status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures about all backups: number, bytes, success rate, verified share, cost */
        get: operations["statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures for a monitoring system, as OpenMetrics text */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Projects as last seen in their sources, each with its last success */
        get: operations["listProjects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One project as last seen in its source, with its last success if it has one */
        get: operations["getProject"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How long a project's backups are kept, and where that is set */
        get: operations["getRetention"];
        /** Give a project a retention policy of its own and decide again about its backups */
        put: operations["setRetention"];
        post?: never;
        /** Let a project follow the retention of its source again */
        delete: operations["clearRetention"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures about a project's backups */
        get: operations["projectStatistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Backups of all projects that were created on one day, in UTC */
        get: operations["listBackupsOfDay"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A project's backups */
        get: operations["listBackups"];
        put?: never;
        /** Request a backup of one project */
        post: operations["requestBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One backup */
        get: operations["getBackup"];
        put?: never;
        post?: never;
        /** Delete a backup with all versions of its objects; its record says who did it, and when */
        delete: operations["deleteBackup"];
        options?: never;
        head?: never;
        /** Change a backup's name, description, retention, or whether it is pinned */
        patch: operations["changeBackup"];
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/manifest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a backup contains: its tables with their rows, sequences, extensions, warnings */
        get: operations["getManifest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A URL that downloads the backup, valid for 15 minutes */
        get: operations["downloadBackup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a backup that is pending or in progress */
        post: operations["cancelBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/restore-guide": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How to restore this backup by hand, without Larder, in Markdown */
        get: operations["restoreGuide"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/restores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A backup's restores, newest first */
        get: operations["listRestores"];
        put?: never;
        /** Restore a backup, or some of its tables, into a new schema beside the live one */
        post: operations["requestRestore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/restores/{restoreId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One restore: its progress, the findings of its preflight checks, its outcome */
        get: operations["getRestore"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/restores/{restoreId}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a restore that is pending or in progress */
        post: operations["cancelRestore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/restores/{restoreId}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Undo a swap: exchange the names of the schemas back */
        post: operations["undoSwap"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/swap": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a backup in place of the live schema, which is kept under another name */
        post: operations["swapBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/elsewhere": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a backup into another source that allows it, for a test copy */
        post: operations["restoreElsewhere"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a backup into a scratch PostgreSQL and compare it with its manifest */
        post: operations["requestVerification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/verifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A backup's verifications, newest first */
        get: operations["listVerifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/backups/{backupId}/verifications/{verificationId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One verification: what was compared, what differs, or why it could not run */
        get: operations["getVerification"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs, newest first */
        get: operations["listRuns"];
        put?: never;
        /** Back up everything now, or some projects or sources */
        post: operations["startRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{runId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a run planned, and its progress */
        get: operations["getRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All schedules: those of the configuration, then those that this API made */
        get: operations["listSchedules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{scheduleName}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One schedule for all projects, with its next due times */
        get: operations["getSharedSchedule"];
        /** Create or replace a schedule that backs up all projects */
        put: operations["putSharedSchedule"];
        post?: never;
        /** Delete a schedule that backs up all projects; its backups stay */
        delete: operations["deleteSharedSchedule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A project's schedules, and those for all projects that back it up */
        get: operations["listProjectSchedules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/schedules/{scheduleName}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One of a project's schedules, with its next due times */
        get: operations["getSchedule"];
        /** Create or replace a schedule that backs up one project */
        put: operations["putSchedule"];
        post?: never;
        /** Delete one of a project's schedules; its backups stay */
        delete: operations["deleteSchedule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Progress of an erasure, and when it ended */
        get: operations["getErasure"];
        put?: never;
        /** Erase a project: all of its backups, rows and schedules, for good */
        post: operations["eraseProject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects/{projectId}/erase/statement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The signed statement that a project was erased */
        get: operations["getErasureStatement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Problem: {
            /** @description A URI that names the kind of problem: a section of docs/errors.md. */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description Names this one request; the log has it too. */
            instance: string;
            /** @description The same as a name. Programs may rely on it. */
            code: string;
            problems?: string[];
        };
        BackupRequest: {
            name?: string;
            description?: string;
            /** @enum {string} */
            trigger?: "manual" | "pre-migration";
            /** @enum {string} */
            content?: "full" | "schema" | "data";
            /** @enum {string} */
            format?: "custom" | "plain" | "tar";
            /** @enum {string} */
            compression?: "none" | "gzip" | "zstd" | "bzip2";
            retentionDays?: number;
        };
        BackupChange: {
            name?: string;
            description?: string;
            pinned?: boolean;
            /** Format: date-time */
            expiresAt?: string;
        };
        RunRequest: {
            projects?: string[];
            sources?: string[];
        };
        RestoreRequest: {
            tables?: string[];
            /**
             * @default beside
             * @enum {string}
             */
            into: "beside" | "live";
            schemaName?: string;
            /**
             * @default keep
             * @enum {string}
             */
            owners: "keep" | "drop";
            /** @default false */
            acceptOwnCode: boolean;
            /** @enum {string} */
            onConflict?: "stop" | "report";
            /** @default false */
            dryRun: boolean;
        };
        SwapRequest: {
            /** @default false */
            acceptDependents: boolean;
            /** @default false */
            repointDependents: boolean;
            /**
             * @default stop
             * @enum {string}
             */
            onConflict: "stop" | "report";
            /** @default false */
            acceptOwnCode: boolean;
            /** @default false */
            dryRun: boolean;
        };
        ElsewhereRequest: {
            target: string;
            schemaName?: string;
            /**
             * @default keep
             * @enum {string}
             */
            owners: "keep" | "drop";
            /** @default false */
            acceptOwnCode: boolean;
            /**
             * @default report
             * @enum {string}
             */
            onConflict: "stop" | "report";
            /** @default false */
            dryRun: boolean;
        };
        VerifyRequest: {
            /** @enum {string} */
            compare?: "counts" | "rows";
        };
        ScheduleRequest: {
            expression: string;
            /** @default UTC */
            timeZone: string;
            /** @default 0 */
            flexibleMinutes: number;
            /**
             * @default daily
             * @enum {string}
             */
            retentionClass: "daily" | "weekly" | "monthly" | "yearly";
            retentionDays?: number;
            /** @enum {string} */
            format?: "custom" | "plain" | "tar";
            /** @default false */
            paused: boolean;
        };
        EraseRequest: {
            confirm: string;
            /** @default false */
            acceptListed: boolean;
        };
        RetentionRequest: {
            policy: {
                days?: number;
                generations?: {
                    daily?: number;
                    weekly?: number;
                    monthly?: number;
                    yearly?: number;
                };
                /** @default UTC */
                timeZone: string;
            };
            dryRun?: boolean;
        };
        Status: {
            environment: string;
            /** Format: date-time */
            at: string;
            running: components["schemas"]["Backup"][];
            waiting: {
                count: number;
                /** @description True if there are over 1000. */
                more: boolean;
            };
            restores: {
                running: {
                    count: number;
                    /** @description True if there are over 1000. */
                    more: boolean;
                };
                waiting: {
                    count: number;
                    /** @description True if there are over 1000. */
                    more: boolean;
                };
                /** @description In the last 24 hours. Of verifications also those that found a backup damaged, and those that could not run. */
                failed: {
                    count: number;
                    /** @description True if there are over 1000. */
                    more: boolean;
                };
            };
            verifications: {
                running: {
                    count: number;
                    /** @description True if there are over 1000. */
                    more: boolean;
                };
                waiting: {
                    count: number;
                    /** @description True if there are over 1000. */
                    more: boolean;
                };
                /** @description In the last 24 hours. Of verifications also those that found a backup damaged, and those that could not run. */
                failed: {
                    count: number;
                    /** @description True if there are over 1000. */
                    more: boolean;
                };
            };
            recent: components["schemas"]["Backup"][];
            runs: components["schemas"]["Run"][];
            projects: components["schemas"]["Project"][];
            /** @description GET /projects has the others. */
            moreProjects: boolean;
        };
        Backup: {
            id: string;
            projectId: string;
            projectName: string;
            schemaName: string;
            source: string;
            environment: string;
            name: string;
            description: string;
            /** @enum {string} */
            type: "database" | "storage" | "logs";
            /** @enum {string} */
            content: "full" | "schema" | "data";
            /** @enum {string} */
            trigger: "manual" | "scheduled" | "pre-migration";
            /** @enum {string} */
            format: "custom" | "plain" | "tar";
            /** @enum {string} */
            compression?: "none" | "gzip" | "zstd" | "bzip2";
            /** @enum {string} */
            status: "pending" | "in-progress" | "completed" | "failed" | "cancelled" | "deleted";
            /** @enum {string} */
            validation: "unverified" | "verifying" | "verified" | "failed" | "could-not-run";
            /** Format: date-time */
            validatedAt?: string;
            /** @description What the verification found. */
            validationWhy?: string;
            /** @enum {string} */
            retentionClass: "daily" | "weekly" | "monthly" | "yearly";
            /** @description The object's key in the vault. */
            fileId?: string;
            /** @description bytes */
            size?: number;
            /** @description bytes */
            sourceBytes?: number;
            /** @description SHA-256 of the object, hex. */
            checksum?: string;
            tableCount?: number;
            rowCount?: number;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            startedAt?: string;
            /** Format: date-time */
            completedAt?: string;
            durationMs?: number;
            /** Format: date-time */
            expiresAt: string;
            /**
             * Format: date-time
             * @description When a person last changed `name`, `description` or `expiresAt`.
             */
            changedAt?: string;
            /** @description True: it is kept beyond `expiresAt`. */
            pinned?: boolean;
            attempt: number;
            /** Format: date-time */
            retryAt?: string;
            cancelRequested?: boolean;
            runId?: string;
            progress?: {
                tablesDone: number;
                tablesTotal: number;
                /** @description Bytes on the server of the tables that are done. */
                sourceBytesDone?: number;
                /** @description bytes */
                sourceBytesTotal?: number;
                /** @description bytes */
                bytes: number;
                bytesPerSecond: number;
                /** @description From 0 to 99, as the worker wrote it last: every 20 s. */
                percent?: number;
                /** @description Of the present step, estimated. Absent if too little is done to tell. */
                secondsLeft?: number;
                /** Format: date-time */
                at: string;
            };
            /** @description Only of one that is pending, and not in lists. Several are worked on at a time. */
            queue?: {
                /** @description Requests that were made earlier and wait for the same queue. */
                ahead: number;
                /** @description True if not all of them were counted. */
                more: boolean;
            };
            warnings?: string[];
            error?: {
                name: string;
                message: string;
            };
            /** Format: date-time */
            deletedAt?: string;
            deletedWhy?: string;
            /** @description ARN of the principal that deleted it. */
            deletedBy?: string;
            links: {
                /** @description A path on this API. */
                self: string;
                /** @description A path on this API. */
                manifest?: string;
                /** @description A path on this API. */
                download?: string;
                /** @description A path on this API. */
                restores?: string;
                /** @description A path on this API. */
                verifications?: string;
                /** @description The one that `validation` comes from. */
                verification?: string;
                /** @description A path on this API. */
                restoreGuide?: string;
            };
        };
        Run: {
            id: string;
            schedule: string;
            /** Format: date-time */
            scheduledAt: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            finishedAt?: string;
            /** Format: date-time */
            mailedAt?: string;
            /** @enum {string} */
            retentionClass: "daily" | "weekly" | "monthly" | "yearly";
            sources: string[];
            projects?: string[];
            parts: {
                [key: string]: {
                    planned: number;
                    skipped: {
                        projectId: string;
                        why: string;
                    }[];
                    skippedCount: number;
                    /** Format: date-time */
                    plannedAt: string;
                    error?: {
                        name: string;
                        message: string;
                    };
                };
            };
            /** @description Its backups by state. */
            counts?: {
                planned: number;
                pending: number;
                "in-progress": number;
                completed: number;
                failed: number;
                cancelled: number;
            };
            links: {
                /** @description A path on this API. */
                self: string;
            };
        };
        Project: {
            id: string;
            name: string;
            schemaName: string;
            status: string;
            source: string;
            /** Format: date-time */
            seenAt: string;
            lastSuccess?: {
                backupId: string;
                /** Format: date-time */
                at: string;
                /** @description bytes */
                size: number;
                /** @description The newest one that passed its verification. */
                verified?: {
                    backupId: string;
                    /** Format: date-time */
                    at: string;
                };
            };
            links: {
                /** @description A path on this API. */
                self: string;
                /** @description A path on this API. */
                backups: string;
                /** @description A path on this API. */
                lastSuccess?: string;
            };
        };
        Statistics: {
            /** Format: date-time */
            at: string;
            window: {
                /** Format: date */
                from: string;
                /** Format: date */
                to: string;
                days: number;
            };
            /** @description False if there was too much to read in one request; the figures are then too small. */
            complete: boolean;
            backups: {
                total: number;
                /** @description Waiting or running. */
                open: number;
                completed: number;
                failed: number;
                cancelled: number;
            };
            /** @description Stored bytes of the completed backups. */
            bytes: number;
            /** @description Completed, of those that completed or failed. Absent if there are none. */
            successRate?: number;
            /** @description Verified, of those that completed. Absent if there are none. */
            verifiedShare?: number;
            /** @description Stored bytes a second of all completed exports. */
            meanBytesPerSecond?: number;
            lastSuccess?: {
                projectId: string;
                backupId: string;
                /** Format: date-time */
                at: string;
            };
            /** @description Every day of the window, the oldest first. */
            byDay: {
                /**
                 * Format: date
                 * @description UTC, by the time of creation.
                 */
                day: string;
                completed: number;
                failed: number;
                /** @description bytes */
                bytes: number;
            }[];
            projects: {
                active: number;
                inactive: number;
                gone: number;
                /** @description Active ones without a good backup. */
                withoutBackup: number;
                /** @description Active ones without a verified backup. */
                withoutVerified: number;
            };
            /** @description The whole vault as sweep found it in its last daily round, manifests included. Absent before the first round has ended. */
            stored?: {
                /** Format: date-time */
                at: string;
                objects: number;
                /** @description bytes */
                bytes: number;
                /** @description Estimate for a month, by the price in core/prices.ts. */
                monthlyCost: {
                    amount: number;
                    /** @constant */
                    currency: "USD";
                };
            };
        };
        ProjectStatistics: {
            /** Format: date-time */
            at: string;
            projectId: string;
            window: {
                /** Format: date */
                from: string;
                /** Format: date */
                to: string;
                days: number;
            };
            /** @description False if there was too much to read in one request; the figures are then too small. */
            complete: boolean;
            backups: {
                total: number;
                /** @description Waiting or running. */
                open: number;
                completed: number;
                failed: number;
                cancelled: number;
            };
            /** @description Stored bytes of the completed backups. */
            bytes: number;
            /** @description Completed, of those that completed or failed. Absent if there are none. */
            successRate?: number;
            /** @description Verified, of those that completed. Absent if there are none. */
            verifiedShare?: number;
            /** @description Stored bytes a second of all completed exports. */
            meanBytesPerSecond?: number;
            lastSuccess?: {
                projectId: string;
                backupId: string;
                /** Format: date-time */
                at: string;
            };
            /** @description Every day of the window, the oldest first. */
            byDay: {
                /**
                 * Format: date
                 * @description UTC, by the time of creation.
                 */
                day: string;
                completed: number;
                failed: number;
                /** @description bytes */
                bytes: number;
            }[];
            /** @description Completed backups that exist now, of any age. */
            stored: {
                backups: number;
                /** @description bytes */
                bytes: number;
                /** @description Estimate for a month, by the price in core/prices.ts. */
                monthlyCost: {
                    amount: number;
                    /** @constant */
                    currency: "USD";
                };
            };
            links: {
                /** @description A path on this API. */
                backups: string;
            };
        };
        Download: {
            /** Format: uri */
            url: string;
            /** Format: date-time */
            expiresAt: string;
            fileName: string;
            size: number;
            /** @description SHA-256, hex. */
            checksum: string;
        };
        Restore: {
            id: string;
            projectId: string;
            projectName: string;
            backupId: string;
            /** @description The source that the restore writes to. */
            source: string;
            environment: string;
            /** @enum {string} */
            status: "pending" | "in-progress" | "completed" | "failed" | "cancelled";
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            startedAt?: string;
            /** Format: date-time */
            completedAt?: string;
            durationMs?: number;
            /** Format: date-time */
            retryAt?: string;
            cancelRequested?: boolean;
            error?: {
                name: string;
                message: string;
            };
            /**
             * Format: date-time
             * @description When this record may be removed.
             */
            expiresAt: string;
            /** @enum {string} */
            mode: "beside" | "tables" | "swap" | "undo" | "elsewhere";
            /** @description The source that the backup was taken from. */
            from: string;
            schemaName: string;
            newSchema?: string;
            tables?: string[];
            /** @enum {string} */
            into: "beside" | "live";
            /** @enum {string} */
            owners: "keep" | "drop";
            acceptDependents: boolean;
            repointDependents?: boolean;
            acceptOwnCode?: boolean;
            /** @enum {string} */
            onConflict?: "stop" | "report";
            dryRun: boolean;
            /** @description The swap that it undoes. */
            undoes?: string;
            safetyBackupId?: string;
            progress?: {
                /** @enum {string} */
                step: "checking" | "safety-backup" | "loading" | "counting" | "foreign-keys" | "exchanging";
                tablesDone: number;
                tablesTotal: number;
                /** @description bytes */
                bytesRead: number;
                /** @description bytes */
                bytesTotal: number;
                bytesPerSecond?: number;
                /** @description From 0 to 99, as the worker wrote it last: every 20 s. */
                percent?: number;
                /** @description Of the present step, estimated. Absent if too little is done to tell. */
                secondsLeft?: number;
                /**
                 * Format: date-time
                 * @description When the step began.
                 */
                since?: string;
                /** Format: date-time */
                at: string;
            };
            /** @description Only of one that is pending, and not in lists. Several are worked on at a time. */
            queue?: {
                /** @description Requests that were made earlier and wait for the same queue. */
                ahead: number;
                /** @description True if not all of them were counted. */
                more: boolean;
            };
            /**
             * @description Of a completed dry run: whether the restore can go on.
             * @enum {string}
             */
            verdict?: "can-go-on" | "refused";
            /** @description Findings of the preflight checks, before anything was written. */
            report?: {
                /** Format: date-time */
                at: string;
                serverVersion: string;
                /** @description Schemas: the backup's name, or the one before, and the new one. */
                schemas: {
                    from: string;
                    to: string;
                }[];
                needs: {
                    /** @description bytes */
                    databaseBytes: number;
                    seconds: number;
                    secondsAllowed: number;
                };
                missingExtensions: {
                    name: string;
                    version: string;
                    schema: string;
                    available: boolean;
                }[];
                missingRoles: string[];
                missingOutside: string[];
                /**
                 * @deprecated
                 * @description Functions only. namingLive lists all objects, with what each does.
                 */
                functionsNamingLive: string[];
                /** @description Objects with the live schema's name in a string constant: they still read or write the live schema. Found by searching the text. */
                namingLive?: {
                    /** @description Such as `the default of column "no" of table "acme.orders"`. */
                    what: string;
                    /** @description It would change the live schema. */
                    writes: boolean;
                }[];
                foreignKeysOutside: string[];
                /**
                 * @deprecated
                 * @description Names only. dependentObjects has the same objects with their SQL.
                 */
                dependents: string[];
                /** @description The same objects in detail: whether each can be repointed to the restored schema, and the SQL that does it after the exchange of names. */
                dependentObjects?: {
                    /** @enum {string} */
                    kind: "view" | "materialized view" | "rule" | "foreign key" | "check" | "default" | "generated column" | "trigger" | "policy" | "function" | "column" | "index" | "child table" | "partition" | "publication" | "publication of the schema" | "subscription" | "cast" | "transform" | "event trigger" | "other";
                    name: string;
                    owner?: string;
                    /** @enum {string} */
                    repoint: "possible" | "impossible" | "done" | "not-done";
                    /** @enum {string} */
                    obstacle?: "owner" | "types" | "not-replaceable" | "rows" | "code" | "superuser" | "subscription" | "unknown" | "bindings" | "refused";
                    detail?: string;
                    sql?: string;
                }[];
                /** @description Why the restore is refused; empty if it can go on. */
                problems: string[];
                warnings: string[];
            };
            /** @description The outcome. */
            outcome?: {
                /** @description Schemas: the backup's name, or the one before, and the new one. */
                schemas: {
                    from: string;
                    to: string;
                }[];
                tables: number;
                rows: number;
                /** @description bytes */
                bytesRead: number;
                foreignKeys: {
                    table: {
                        schema: string;
                        name: string;
                    };
                    name: string;
                    /** @enum {string} */
                    state: "valid" | "not-valid" | "left-out";
                    why?: string;
                    sql?: string;
                }[];
                leftOut: {
                    what: string;
                    why: string;
                }[];
                unfinished?: {
                    /** @enum {string} */
                    kind: "check" | "not-null" | "domain-check" | "generated-column" | "foreign-key" | "primary-key" | "unique" | "exclusion" | "index" | "statistics" | "materialized-view" | "view" | "routine" | "trigger" | "policy" | "other";
                    object: string;
                    /** @enum {string} */
                    state: "not-valid" | "missing" | "unfilled" | "not-computed";
                    why: string;
                    sql?: string;
                }[];
                /** @description Schemas: the backup's name, or the one before, and the new one. */
                before: {
                    from: string;
                    to: string;
                }[];
                /** @description After an exchange of names: "done" uses the schema that is live now, "not-done" the old one. */
                dependentObjects?: {
                    /** @enum {string} */
                    kind: "view" | "materialized view" | "rule" | "foreign key" | "check" | "default" | "generated column" | "trigger" | "policy" | "function" | "column" | "index" | "child table" | "partition" | "publication" | "publication of the schema" | "subscription" | "cast" | "transform" | "event trigger" | "other";
                    name: string;
                    owner?: string;
                    /** @enum {string} */
                    repoint: "possible" | "impossible" | "done" | "not-done";
                    /** @enum {string} */
                    obstacle?: "owner" | "types" | "not-replaceable" | "rows" | "code" | "superuser" | "subscription" | "unknown" | "bindings" | "refused";
                    detail?: string;
                    sql?: string;
                }[];
                /** @description Objects with the live schema's name in a string constant: they still read or write the live schema. Found by searching the text. */
                namingLive?: {
                    /** @description Such as `the default of column "no" of table "acme.orders"`. */
                    what: string;
                    /** @description It would change the live schema. */
                    writes: boolean;
                }[];
                warnings: string[];
            };
            links: {
                /** @description A path on this API. */
                self: string;
                /** @description A path on this API. */
                backup: string;
                /** @description A path on this API. */
                undo?: string;
                /** @description A path on this API. */
                undoes?: string;
                /** @description A path on this API. */
                safetyBackup?: string;
            };
        };
        Verification: {
            id: string;
            projectId: string;
            projectName: string;
            backupId: string;
            source: string;
            environment: string;
            /** @enum {string} */
            status: "pending" | "in-progress" | "completed" | "failed" | "cancelled";
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            startedAt?: string;
            /** Format: date-time */
            completedAt?: string;
            durationMs?: number;
            /** Format: date-time */
            retryAt?: string;
            cancelRequested?: boolean;
            error?: {
                name: string;
                message: string;
            };
            /**
             * Format: date-time
             * @description When this record may be removed.
             */
            expiresAt: string;
            /** @enum {string} */
            compare: "counts" | "rows";
            progress?: {
                /** @enum {string} */
                step: "loading" | "comparing";
                /** @description bytes */
                bytesRead: number;
                /** @description bytes */
                bytesTotal: number;
                bytesPerSecond?: number;
                /** @description From 0 to 99, as the worker wrote it last: every 20 s. */
                percent?: number;
                /** @description Of the present step, estimated. Absent if too little is done to tell. */
                secondsLeft?: number;
                /** Format: date-time */
                since: string;
                /** Format: date-time */
                at: string;
            };
            /** @description Only of one that is pending, and not in lists. Several are worked on at a time. */
            queue?: {
                /** @description Requests that were made earlier and wait for the same queue. */
                ahead: number;
                /** @description True if not all of them were counted. */
                more: boolean;
            };
            /** @description A person asked for it. */
            asked: boolean;
            result?: {
                /** @enum {string} */
                verdict: "verified" | "failed" | "could-not-run";
                why?: string;
                /** @description The first 50. */
                differences: string[];
                differenceCount: number;
                checked: {
                    tables: number;
                    rows: number;
                    objects: number;
                    sequences: number;
                    foreignKeys: number;
                    materializedViews: number;
                    hashedTables: number;
                };
                notChecked: string[];
                unfinished?: {
                    /** @enum {string} */
                    kind: "check" | "not-null" | "domain-check" | "generated-column" | "foreign-key" | "primary-key" | "unique" | "exclusion" | "index" | "statistics" | "materialized-view" | "view" | "routine" | "trigger" | "policy" | "other";
                    object: string;
                    /** @enum {string} */
                    state: "not-valid" | "missing" | "unfilled" | "not-computed";
                    why: string;
                    sql?: string;
                }[];
                serverVersion?: string;
                /** @description bytes */
                diskBytes?: number;
            };
            links: {
                /** @description A path on this API. */
                self: string;
                /** @description A path on this API. */
                backup: string;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the API answers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description This description */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0"
                     *     }
                     */
                    "application/json": {
                        openapi: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What runs now, recent history, runs, and the last success of projects */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "environment": "production",
                     *       "at": "2026-11-21T02:00:00.000Z",
                     *       "running": [],
                     *       "waiting": {
                     *         "count": 1,
                     *         "more": false
                     *       },
                     *       "restores": {
                     *         "running": {
                     *           "count": 1,
                     *           "more": false
                     *         },
                     *         "waiting": {
                     *           "count": 1,
                     *           "more": false
                     *         },
                     *         "failed": {
                     *           "count": 1,
                     *           "more": false
                     *         }
                     *       },
                     *       "verifications": {
                     *         "running": {
                     *           "count": 1,
                     *           "more": false
                     *         },
                     *         "waiting": {
                     *           "count": 1,
                     *           "more": false
                     *         },
                     *         "failed": {
                     *           "count": 1,
                     *           "more": false
                     *         }
                     *       },
                     *       "recent": [],
                     *       "runs": [],
                     *       "projects": [],
                     *       "moreProjects": false
                     *     }
                     */
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    statistics: {
        parameters: {
            query?: {
                /** @description UTC days up to today, 1 to 31; 7 by default, 30 for one project. */
                days?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Figures about all backups: number, bytes, success rate, verified share, cost */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "at": "2026-11-21T02:00:00.000Z",
                     *       "window": {
                     *         "from": "2026-11-21",
                     *         "to": "2026-11-21",
                     *         "days": 30
                     *       },
                     *       "complete": true,
                     *       "backups": {
                     *         "total": 1,
                     *         "open": 1,
                     *         "completed": 1,
                     *         "failed": 1,
                     *         "cancelled": 1
                     *       },
                     *       "bytes": 48211377,
                     *       "byDay": [],
                     *       "projects": {
                     *         "active": 1,
                     *         "inactive": 1,
                     *         "gone": 1,
                     *         "withoutBackup": 1,
                     *         "withoutVerified": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Statistics"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Figures for a monitoring system, as OpenMetrics text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listProjects: {
        parameters: {
            query?: {
                /** @description 1 to 100, 20 by default. */
                limit?: string;
                /** @description The cursor that the page before returned. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Projects as last seen in their sources, each with its last success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "name": "Nightly backup",
                     *           "schemaName": "acme",
                     *           "status": "completed",
                     *           "source": "main",
                     *           "seenAt": "2026-11-21T02:00:00.000Z",
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *             "backups": "backups"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Project"][];
                        /** @description Absent on the last page. */
                        cursor?: string;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getProject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One project as last seen in its source, with its last success if it has one */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "name": "Nightly backup",
                     *       "schemaName": "acme",
                     *       "status": "completed",
                     *       "source": "main",
                     *       "seenAt": "2026-11-21T02:00:00.000Z",
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backups": "backups"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRetention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How long a project's backups are kept, and where that is set */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "project",
                     *       "retention": {
                     *         "days": 30,
                     *         "timeZone": "Europe/Berlin"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Where it is set.
                         * @enum {string}
                         */
                        from: "project" | "source" | "configuration";
                        retention: {
                            days?: number;
                            generations?: {
                                daily?: number;
                                weekly?: number;
                                monthly?: number;
                                yearly?: number;
                            };
                            /** @default UTC */
                            timeZone: string;
                        } | {
                            /** @default 30 */
                            daily: number;
                            /** @default 30 */
                            weekly: number;
                            /** @default 30 */
                            monthly: number;
                            /** @default 30 */
                            yearly: number;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setRetention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "policy": {
                 *         "generations": {
                 *           "daily": 7,
                 *           "weekly": 12,
                 *           "monthly": 12
                 *         },
                 *         "timeZone": "Europe/Berlin"
                 *       },
                 *       "dryRun": true
                 *     }
                 */
                "application/json": components["schemas"]["RetentionRequest"];
            };
        };
        responses: {
            /** @description Give a project a retention policy of its own and decide again about its backups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "project",
                     *       "retention": {
                     *         "days": 30,
                     *         "timeZone": "Europe/Berlin"
                     *       },
                     *       "dryRun": false,
                     *       "kept": 1,
                     *       "removed": 1,
                     *       "removedBytes": 1,
                     *       "backups": []
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Where it is set.
                         * @enum {string}
                         */
                        from: "project" | "source" | "configuration";
                        retention: {
                            days?: number;
                            generations?: {
                                daily?: number;
                                weekly?: number;
                                monthly?: number;
                                yearly?: number;
                            };
                            /** @default UTC */
                            timeZone: string;
                        } | {
                            /** @default 30 */
                            daily: number;
                            /** @default 30 */
                            weekly: number;
                            /** @default 30 */
                            monthly: number;
                            /** @default 30 */
                            yearly: number;
                        };
                        /** @description Nothing was changed. */
                        dryRun: boolean;
                        kept: number;
                        removed: number;
                        /** @description bytes */
                        removedBytes: number;
                        /** @description Newest first. */
                        backups: {
                            id: string;
                            /** Format: date-time */
                            createdAt: string;
                            /**
                             * @description `removed`: its time is over. Kept because it is the `last-good` one, is `pinned`, has `fixed` days, is the first of a week, month or year (`class`), or by its `days`.
                             * @enum {string}
                             */
                            fate: "removed" | "last-good" | "pinned" | "fixed" | "class" | "days";
                            generations?: ("weekly" | "monthly" | "yearly")[];
                            /** @description bytes */
                            size?: number;
                            /** Format: date-time */
                            expiresBefore: string;
                            /** Format: date-time */
                            expiresAfter: string;
                        }[];
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    clearRetention: {
        parameters: {
            query?: {
                dryRun?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Let a project follow the retention of its source again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "project",
                     *       "retention": {
                     *         "days": 30,
                     *         "timeZone": "Europe/Berlin"
                     *       },
                     *       "dryRun": false,
                     *       "kept": 1,
                     *       "removed": 1,
                     *       "removedBytes": 1,
                     *       "backups": []
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Where it is set.
                         * @enum {string}
                         */
                        from: "project" | "source" | "configuration";
                        retention: {
                            days?: number;
                            generations?: {
                                daily?: number;
                                weekly?: number;
                                monthly?: number;
                                yearly?: number;
                            };
                            /** @default UTC */
                            timeZone: string;
                        } | {
                            /** @default 30 */
                            daily: number;
                            /** @default 30 */
                            weekly: number;
                            /** @default 30 */
                            monthly: number;
                            /** @default 30 */
                            yearly: number;
                        };
                        /** @description Nothing was changed. */
                        dryRun: boolean;
                        kept: number;
                        removed: number;
                        /** @description bytes */
                        removedBytes: number;
                        /** @description Newest first. */
                        backups: {
                            id: string;
                            /** Format: date-time */
                            createdAt: string;
                            /**
                             * @description `removed`: its time is over. Kept because it is the `last-good` one, is `pinned`, has `fixed` days, is the first of a week, month or year (`class`), or by its `days`.
                             * @enum {string}
                             */
                            fate: "removed" | "last-good" | "pinned" | "fixed" | "class" | "days";
                            generations?: ("weekly" | "monthly" | "yearly")[];
                            /** @description bytes */
                            size?: number;
                            /** Format: date-time */
                            expiresBefore: string;
                            /** Format: date-time */
                            expiresAfter: string;
                        }[];
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    projectStatistics: {
        parameters: {
            query?: {
                /** @description UTC days up to today, 1 to 31; 7 by default, 30 for one project. */
                days?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Figures about a project's backups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "at": "2026-11-21T02:00:00.000Z",
                     *       "projectId": "acme",
                     *       "window": {
                     *         "from": "2026-11-21",
                     *         "to": "2026-11-21",
                     *         "days": 30
                     *       },
                     *       "complete": true,
                     *       "backups": {
                     *         "total": 1,
                     *         "open": 1,
                     *         "completed": 1,
                     *         "failed": 1,
                     *         "cancelled": 1
                     *       },
                     *       "bytes": 48211377,
                     *       "byDay": [],
                     *       "stored": {
                     *         "backups": 1,
                     *         "bytes": 48211377,
                     *         "monthlyCost": {
                     *           "amount": 1,
                     *           "currency": "USD"
                     *         }
                     *       },
                     *       "links": {
                     *         "backups": "backups"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ProjectStatistics"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listBackupsOfDay: {
        parameters: {
            query?: {
                /** @description A UTC day such as 2026-11-21; today, if it is absent. */
                day?: string;
                /** @description `newest` (default) or `oldest` first. */
                sort?: string;
                /** @description 1 to 100, 20 by default. */
                limit?: string;
                /** @description The cursor that the page before returned. */
                cursor?: string;
                status?: string;
                type?: string;
                trigger?: string;
                /** @description A part of the name; upper and lower case differ. */
                name?: string;
                validation?: string;
                /** @description Bytes stored, inclusive. */
                minSize?: string;
                /** @description Bytes stored, inclusive. */
                maxSize?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Backups of all projects that were created on one day, in UTC */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "projectId": "acme",
                     *           "projectName": "Acme Ltd",
                     *           "schemaName": "acme",
                     *           "source": "main",
                     *           "environment": "production",
                     *           "name": "Nightly backup",
                     *           "description": "description",
                     *           "type": "database",
                     *           "content": "full",
                     *           "trigger": "scheduled",
                     *           "format": "custom",
                     *           "compression": "zstd",
                     *           "status": "completed",
                     *           "validation": "verified",
                     *           "retentionClass": "daily",
                     *           "fileId": "backups/acme/20261121T020000000Z-01a22da0-6ed5-7679-9dc1-f7f3717acce7-1.dump",
                     *           "size": 48211377,
                     *           "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
                     *           "tableCount": 61,
                     *           "rowCount": 1204331,
                     *           "createdAt": "2026-11-21T02:00:00.000Z",
                     *           "completedAt": "2026-11-21T02:00:41.000Z",
                     *           "durationMs": 41000,
                     *           "expiresAt": "2026-12-21T02:00:00.000Z",
                     *           "attempt": 1,
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Backup"][];
                        /** @description Absent on the last page. */
                        cursor?: string;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listBackups: {
        parameters: {
            query?: {
                /** @description Selects by time of creation: an ISO 8601 time or a UTC day, inclusive. */
                from?: string;
                /** @description Selects by time of creation: an ISO 8601 time or a UTC day, inclusive. */
                to?: string;
                /** @description `true` or `false`. */
                pinned?: string;
                /** @description `newest` (default) or `oldest` first. */
                sort?: string;
                /** @description 1 to 100, 20 by default. */
                limit?: string;
                /** @description The cursor that the page before returned. */
                cursor?: string;
                status?: string;
                type?: string;
                trigger?: string;
                /** @description A part of the name; upper and lower case differ. */
                name?: string;
                validation?: string;
                /** @description Bytes stored, inclusive. */
                minSize?: string;
                /** @description Bytes stored, inclusive. */
                maxSize?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A project's backups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "projectId": "acme",
                     *           "projectName": "Acme Ltd",
                     *           "schemaName": "acme",
                     *           "source": "main",
                     *           "environment": "production",
                     *           "name": "Nightly backup",
                     *           "description": "description",
                     *           "type": "database",
                     *           "content": "full",
                     *           "trigger": "scheduled",
                     *           "format": "custom",
                     *           "compression": "zstd",
                     *           "status": "completed",
                     *           "validation": "verified",
                     *           "retentionClass": "daily",
                     *           "fileId": "backups/acme/20261121T020000000Z-01a22da0-6ed5-7679-9dc1-f7f3717acce7-1.dump",
                     *           "size": 48211377,
                     *           "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
                     *           "tableCount": 61,
                     *           "rowCount": 1204331,
                     *           "createdAt": "2026-11-21T02:00:00.000Z",
                     *           "completedAt": "2026-11-21T02:00:41.000Z",
                     *           "durationMs": 41000,
                     *           "expiresAt": "2026-12-21T02:00:00.000Z",
                     *           "attempt": 1,
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Backup"][];
                        /** @description Absent on the last page. */
                        cursor?: string;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    requestBackup: {
        parameters: {
            query?: never;
            header?: {
                /** @description For 24 hours, the same key with the same request returns the same backup, restore, verification or run. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "before release 42",
                 *       "trigger": "pre-migration",
                 *       "retentionDays": 14
                 *     }
                 */
                "application/json": components["schemas"]["BackupRequest"];
            };
        };
        responses: {
            /** @description Request a backup of one project */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "schemaName": "acme",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "name": "Nightly backup",
                     *       "description": "description",
                     *       "type": "database",
                     *       "content": "full",
                     *       "trigger": "scheduled",
                     *       "format": "custom",
                     *       "compression": "zstd",
                     *       "status": "completed",
                     *       "validation": "verified",
                     *       "retentionClass": "daily",
                     *       "fileId": "backups/acme/20261121T020000000Z-01a22da0-6ed5-7679-9dc1-f7f3717acce7-1.dump",
                     *       "size": 48211377,
                     *       "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
                     *       "tableCount": 61,
                     *       "rowCount": 1204331,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "attempt": 1,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Backup"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBackup: {
        parameters: {
            query?: {
                /** @description Seconds, 1 to 25: the answer comes at the next change, at once if nothing will change any more, and then in any case. */
                wait?: string;
                /** @description Only with `latest`: the newest that had completed at this time, an ISO 8601 time or a UTC day. */
                at?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One backup */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "schemaName": "acme",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "name": "Nightly backup",
                     *       "description": "description",
                     *       "type": "database",
                     *       "content": "full",
                     *       "trigger": "scheduled",
                     *       "format": "custom",
                     *       "compression": "zstd",
                     *       "status": "completed",
                     *       "validation": "verified",
                     *       "retentionClass": "daily",
                     *       "fileId": "backups/acme/20261121T020000000Z-01a22da0-6ed5-7679-9dc1-f7f3717acce7-1.dump",
                     *       "size": 48211377,
                     *       "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
                     *       "tableCount": 61,
                     *       "rowCount": 1204331,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "attempt": 1,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Backup"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteBackup: {
        parameters: {
            query?: {
                /** @description `true` also deletes a pinned backup, the last good one, and one that is being restored or verified. */
                force?: string;
                /** @description Kept in the record of the deletion. */
                reason?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete a backup with all versions of its objects; its record says who did it, and when */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "schemaName": "acme",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "name": "Nightly backup",
                     *       "description": "description",
                     *       "type": "database",
                     *       "content": "full",
                     *       "trigger": "scheduled",
                     *       "format": "custom",
                     *       "compression": "zstd",
                     *       "status": "completed",
                     *       "validation": "verified",
                     *       "retentionClass": "daily",
                     *       "fileId": "backups/acme/20261121T020000000Z-01a22da0-6ed5-7679-9dc1-f7f3717acce7-1.dump",
                     *       "size": 48211377,
                     *       "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
                     *       "tableCount": 61,
                     *       "rowCount": 1204331,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "attempt": 1,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Backup"];
                };
            };
            /** @description It is deleted; its objects will be removed */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeBackup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "kept for the audit",
                 *       "pinned": true
                 *     }
                 */
                "application/json": components["schemas"]["BackupChange"];
            };
        };
        responses: {
            /** @description Change a backup's name, description, retention, or whether it is pinned */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "schemaName": "acme",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "name": "Nightly backup",
                     *       "description": "description",
                     *       "type": "database",
                     *       "content": "full",
                     *       "trigger": "scheduled",
                     *       "format": "custom",
                     *       "compression": "zstd",
                     *       "status": "completed",
                     *       "validation": "verified",
                     *       "retentionClass": "daily",
                     *       "fileId": "backups/acme/20261121T020000000Z-01a22da0-6ed5-7679-9dc1-f7f3717acce7-1.dump",
                     *       "size": 48211377,
                     *       "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
                     *       "tableCount": 61,
                     *       "rowCount": 1204331,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "attempt": 1,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Backup"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getManifest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What a backup contains: its tables with their rows, sequences, extensions, warnings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": 1,
                     *       "backup": {
                     *         "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "name": "Nightly backup",
                     *         "description": "description",
                     *         "type": "database",
                     *         "trigger": "scheduled",
                     *         "retentionClass": "daily",
                     *         "attempt": 1,
                     *         "createdAt": "2026-11-21T02:00:00.000Z",
                     *         "startedAt": "2026-11-21T02:00:00.000Z",
                     *         "expiresAt": "2026-12-21T02:00:00.000Z"
                     *       },
                     *       "environment": "production",
                     *       "project": {
                     *         "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "name": "Nightly backup",
                     *         "schemaName": "acme"
                     *       },
                     *       "source": {
                     *         "name": "Nightly backup",
                     *         "database": "database",
                     *         "serverVersion": "serverVersion",
                     *         "encoding": "encoding",
                     *         "collation": "collation"
                     *       },
                     *       "tool": {
                     *         "larder": "larder",
                     *         "pgDump": "pgDump"
                     *       },
                     *       "options": {
                     *         "content": "full",
                     *         "format": "custom",
                     *         "compression": "zstd"
                     *       },
                     *       "object": {
                     *         "key": "key",
                     *         "bytes": 48211377,
                     *         "sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"
                     *       },
                     *       "tables": [],
                     *       "sequences": [],
                     *       "views": [],
                     *       "functions": [],
                     *       "types": [],
                     *       "triggers": [],
                     *       "policies": [],
                     *       "extensions": [],
                     *       "roles": [],
                     *       "outside": [],
                     *       "warnings": [],
                     *       "timings": {
                     *         "snapshotAt": "2026-11-21T02:00:00.000Z",
                     *         "dumpMs": 1,
                     *         "countMs": 1,
                     *         "totalMs": 1
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        version: 1;
                        backup: {
                            id: string;
                            name: string;
                            description: string;
                            /** @enum {string} */
                            type: "database" | "storage" | "logs";
                            /** @enum {string} */
                            trigger: "manual" | "scheduled" | "pre-migration";
                            /** @enum {string} */
                            retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                            runId?: string;
                            attempt: number;
                            /** Format: date-time */
                            createdAt: string;
                            /** Format: date-time */
                            startedAt: string;
                            /** Format: date-time */
                            expiresAt: string;
                            retentionPolicy?: {
                                days?: number;
                                generations?: {
                                    daily?: number;
                                    weekly?: number;
                                    monthly?: number;
                                    yearly?: number;
                                };
                                /** @default UTC */
                                timeZone: string;
                            };
                            /** @constant */
                            fixedRetention?: true;
                        } & {
                            [key: string]: unknown;
                        };
                        environment: string;
                        project: {
                            id: string;
                            name: string;
                            schemaName: string;
                            schemas?: string[];
                        } & {
                            [key: string]: unknown;
                        };
                        source: {
                            name: string;
                            database: string;
                            serverVersion: string;
                            encoding: string;
                            collation: string;
                            characters?: string;
                            localeProvider?: string;
                            locale?: string | null;
                            icuRules?: string | null;
                            collationVersion?: string | null;
                        } & {
                            [key: string]: unknown;
                        };
                        tool: {
                            larder: string;
                            pgDump: string;
                            /** @enum {string} */
                            engine?: "pg_dump" | "larder";
                        } & {
                            [key: string]: unknown;
                        };
                        options: {
                            /** @enum {string} */
                            content: "full" | "schema" | "data";
                            /** @enum {string} */
                            format: "custom" | "plain" | "tar";
                            /** @enum {string} */
                            compression: "none" | "gzip" | "zstd" | "bzip2";
                        } & {
                            [key: string]: unknown;
                        };
                        object: {
                            key: string;
                            bytes: number;
                            sha256: string;
                            contents?: {
                                bytes: number;
                                sha256: string;
                            } & {
                                [key: string]: unknown;
                            };
                        } & {
                            [key: string]: unknown;
                        };
                        globals?: {
                            key: string;
                            bytes: number;
                            sha256: string;
                        } & {
                            [key: string]: unknown;
                        };
                        tables: ({
                            schema: string;
                            name: string;
                            /** @enum {string} */
                            kind: "table" | "partitioned" | "partition" | "foreign" | "unlogged" | "materialized-view";
                            rows: number | null;
                            uncounted?: boolean;
                            bytes: number;
                            rowHash?: string;
                            copied?: {
                                sha256: string;
                                bytes: number;
                                at: number;
                                length: number;
                                comparable: boolean;
                            } & {
                                [key: string]: unknown;
                            };
                            dividedUnder?: string;
                            detachPending?: boolean;
                        } & {
                            [key: string]: unknown;
                        })[];
                        sequences: ({
                            schema: string;
                            name: string;
                            value: string;
                            called: boolean;
                        } & {
                            [key: string]: unknown;
                        })[];
                        views: ({
                            schema: string;
                            name: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        functions: ({
                            schema: string;
                            name: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        types: ({
                            schema: string;
                            name: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        triggers: ({
                            schema: string;
                            name: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        policies: ({
                            schema: string;
                            name: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        extensions: ({
                            name: string;
                            version: string;
                            schema: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        databaseExtensions?: ({
                            name: string;
                            version: string;
                            schema: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        databaseSettings?: ({
                            name: string;
                            value: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        reachingFunctions?: ({
                            name: string;
                            schemas: string[];
                            tables: ({
                                schema: string;
                                name: string;
                            } & {
                                [key: string]: unknown;
                            })[];
                        } & {
                            [key: string]: unknown;
                        })[];
                        roles: string[];
                        outside: ({
                            kind: string;
                            name: string;
                            neededBy: string[];
                        } & {
                            [key: string]: unknown;
                        })[];
                        extensionRows?: ({
                            schema: string;
                            name: string;
                            extension: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        leftOut?: ({
                            kind: string;
                            name: string;
                            belongsTo: string[];
                        } & {
                            [key: string]: unknown;
                        })[];
                        definitions?: ({
                            kind: string;
                            name: string;
                            digest: string;
                            access?: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        operatorBindings?: ({
                            kind: string;
                            name: string;
                            of: {
                                schema: string;
                                name: string;
                            } & {
                                [key: string]: unknown;
                            };
                            operators: ({
                                name: string;
                                schema: string;
                                times: number;
                            } & {
                                [key: string]: unknown;
                            })[];
                            functions: string[];
                            unqualified: boolean;
                        } & {
                            [key: string]: unknown;
                        })[];
                        standIns?: ({
                            kind: string;
                            name: string;
                            schema: string | null;
                            sql: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        atRisk?: ({
                            name: string;
                            /** @enum {string} */
                            reason: "changing" | "reading";
                        } & {
                            [key: string]: unknown;
                        })[];
                        states?: ({
                            /** @enum {string} */
                            state: "invalid-index" | "lost-replica-identity" | "switched-off-constraint" | "not-valid" | "not-enforced";
                            name: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        superuserObjects?: ({
                            /** @enum {string} */
                            kind: "type" | "function" | "procedure" | "aggregate" | "operator class" | "operator family" | "text search parser" | "text search template";
                            schema: string;
                            name: string;
                            tables?: ({
                                schema: string;
                                name: string;
                            } & {
                                [key: string]: unknown;
                            })[];
                        } & {
                            [key: string]: unknown;
                        })[];
                        warnings: string[];
                        anomalyCount?: number;
                        timings: {
                            /** Format: date-time */
                            snapshotAt: string;
                            dumpMs: number;
                            countMs: number;
                            totalMs: number;
                        } & {
                            [key: string]: unknown;
                        };
                        signature?: {
                            algorithm: string;
                            keyId: string;
                            mac: string;
                        } & {
                            [key: string]: unknown;
                        };
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Of over 5 MB: a URL that downloads it, good for 15 minutes */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    downloadBackup: {
        parameters: {
            query?: {
                /** @description `true`: the answer is 302, to the download itself. */
                redirect?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A URL that downloads the backup, valid for 15 minutes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "url": "https://vault.s3.eu-central-1.amazonaws.com/backups/acme/",
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "fileName": "acme-20261121T020000Z-f7f3717acce7.dump",
                     *       "size": 48211377,
                     *       "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"
                     *     }
                     */
                    "application/json": components["schemas"]["Download"];
                };
            };
            /** @description With redirect=true: the download itself */
            302: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelBackup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is cancelled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Cancel a backup that is pending or in progress */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "schemaName": "acme",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "name": "Nightly backup",
                     *       "description": "description",
                     *       "type": "database",
                     *       "content": "full",
                     *       "trigger": "scheduled",
                     *       "format": "custom",
                     *       "compression": "zstd",
                     *       "status": "completed",
                     *       "validation": "verified",
                     *       "retentionClass": "daily",
                     *       "fileId": "backups/acme/20261121T020000000Z-01a22da0-6ed5-7679-9dc1-f7f3717acce7-1.dump",
                     *       "size": 48211377,
                     *       "checksum": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
                     *       "tableCount": 61,
                     *       "rowCount": 1204331,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "attempt": 1,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Backup"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    restoreGuide: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How to restore this backup by hand, without Larder, in Markdown */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/markdown": string;
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRestores: {
        parameters: {
            query?: {
                /** @description 1 to 100, 20 by default. */
                limit?: string;
                /** @description The cursor that the page before returned. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A backup's restores, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "projectId": "acme",
                     *           "projectName": "Acme Ltd",
                     *           "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "source": "main",
                     *           "environment": "production",
                     *           "status": "completed",
                     *           "attempt": 1,
                     *           "createdAt": "2026-11-21T02:00:00.000Z",
                     *           "completedAt": "2026-11-21T02:00:41.000Z",
                     *           "durationMs": 41000,
                     *           "expiresAt": "2026-12-21T02:00:00.000Z",
                     *           "mode": "beside",
                     *           "from": "main",
                     *           "schemaName": "acme",
                     *           "into": "beside",
                     *           "owners": "keep",
                     *           "acceptDependents": false,
                     *           "dryRun": false,
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *             "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Restore"][];
                        /** @description Absent on the last page. */
                        cursor?: string;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    requestRestore: {
        parameters: {
            query?: never;
            header?: {
                /** @description For 24 hours, the same key with the same request returns the same backup, restore, verification or run. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "tables": [
                 *         "orders",
                 *         "order_lines"
                 *       ],
                 *       "dryRun": true
                 *     }
                 */
                "application/json": components["schemas"]["RestoreRequest"];
            };
        };
        responses: {
            /** @description Restore a backup, or some of its tables, into a new schema beside the live one */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "mode": "beside",
                     *       "from": "main",
                     *       "schemaName": "acme",
                     *       "into": "beside",
                     *       "owners": "keep",
                     *       "acceptDependents": false,
                     *       "dryRun": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Restore"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRestore: {
        parameters: {
            query?: {
                /** @description Seconds, 1 to 25: the answer comes at the next change, at once if nothing will change any more, and then in any case. */
                wait?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
                restoreId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One restore: its progress, the findings of its preflight checks, its outcome */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "mode": "beside",
                     *       "from": "main",
                     *       "schemaName": "acme",
                     *       "into": "beside",
                     *       "owners": "keep",
                     *       "acceptDependents": false,
                     *       "dryRun": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Restore"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelRestore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
                restoreId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is cancelled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Cancel a restore that is pending or in progress */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "mode": "beside",
                     *       "from": "main",
                     *       "schemaName": "acme",
                     *       "into": "beside",
                     *       "owners": "keep",
                     *       "acceptDependents": false,
                     *       "dryRun": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Restore"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    undoSwap: {
        parameters: {
            query?: never;
            header?: {
                /** @description For 24 hours, the same key with the same request returns the same backup, restore, verification or run. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
                restoreId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Undo a swap: exchange the names of the schemas back */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "mode": "beside",
                     *       "from": "main",
                     *       "schemaName": "acme",
                     *       "into": "beside",
                     *       "owners": "keep",
                     *       "acceptDependents": false,
                     *       "dryRun": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Restore"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    swapBackup: {
        parameters: {
            query?: never;
            header?: {
                /** @description For 24 hours, the same key with the same request returns the same backup, restore, verification or run. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "repointDependents": true
                 *     }
                 */
                "application/json": components["schemas"]["SwapRequest"];
            };
        };
        responses: {
            /** @description Restore a backup in place of the live schema, which is kept under another name */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "mode": "beside",
                     *       "from": "main",
                     *       "schemaName": "acme",
                     *       "into": "beside",
                     *       "owners": "keep",
                     *       "acceptDependents": false,
                     *       "dryRun": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Restore"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    restoreElsewhere: {
        parameters: {
            query?: never;
            header?: {
                /** @description For 24 hours, the same key with the same request returns the same backup, restore, verification or run. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "target": "staging",
                 *       "owners": "drop"
                 *     }
                 */
                "application/json": components["schemas"]["ElsewhereRequest"];
            };
        };
        responses: {
            /** @description Restore a backup into another source that allows it, for a test copy */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "mode": "beside",
                     *       "from": "main",
                     *       "schemaName": "acme",
                     *       "into": "beside",
                     *       "owners": "keep",
                     *       "acceptDependents": false,
                     *       "dryRun": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Restore"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    requestVerification: {
        parameters: {
            query?: never;
            header?: {
                /** @description For 24 hours, the same key with the same request returns the same backup, restore, verification or run. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "compare": "rows"
                 *     }
                 */
                "application/json": components["schemas"]["VerifyRequest"];
            };
        };
        responses: {
            /** @description Restore a backup into a scratch PostgreSQL and compare it with its manifest */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "compare": "counts",
                     *       "asked": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Verification"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listVerifications: {
        parameters: {
            query?: {
                /** @description 1 to 100, 20 by default. */
                limit?: string;
                /** @description The cursor that the page before returned. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A backup's verifications, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "projectId": "acme",
                     *           "projectName": "Acme Ltd",
                     *           "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "source": "main",
                     *           "environment": "production",
                     *           "status": "completed",
                     *           "attempt": 1,
                     *           "createdAt": "2026-11-21T02:00:00.000Z",
                     *           "completedAt": "2026-11-21T02:00:41.000Z",
                     *           "durationMs": 41000,
                     *           "expiresAt": "2026-12-21T02:00:00.000Z",
                     *           "compare": "counts",
                     *           "asked": false,
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *             "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Verification"][];
                        /** @description Absent on the last page. */
                        cursor?: string;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getVerification: {
        parameters: {
            query?: {
                /** @description Seconds, 1 to 25: the answer comes at the next change, at once if nothing will change any more, and then in any case. */
                wait?: string;
            };
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description The id of a backup, or `latest`: the newest completed full backup that no verification found damaged. */
                backupId: string;
                verificationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One verification: what was compared, what differs, or why it could not run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "projectId": "acme",
                     *       "projectName": "Acme Ltd",
                     *       "backupId": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "source": "main",
                     *       "environment": "production",
                     *       "status": "completed",
                     *       "attempt": 1,
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "durationMs": 41000,
                     *       "expiresAt": "2026-12-21T02:00:00.000Z",
                     *       "compare": "counts",
                     *       "asked": false,
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *         "backup": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Verification"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRuns: {
        parameters: {
            query?: {
                /** @description 1 to 100, 20 by default. */
                limit?: string;
                /** @description The cursor that the page before returned. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Runs, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *           "schedule": "nightly",
                     *           "scheduledAt": "2026-11-21T02:00:00.000Z",
                     *           "createdAt": "2026-11-21T02:00:00.000Z",
                     *           "retentionClass": "daily",
                     *           "sources": [
                     *             "main"
                     *           ],
                     *           "parts": {},
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Run"][];
                        /** @description Absent on the last page. */
                        cursor?: string;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description For 24 hours, the same key with the same request returns the same backup, restore, verification or run. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "projects": [
                 *         "acme",
                 *         "globex"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["RunRequest"];
            };
        };
        responses: {
            /** @description Back up everything now, or some projects or sources */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "schedule": "nightly",
                     *       "scheduledAt": "2026-11-21T02:00:00.000Z",
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "retentionClass": "daily",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "parts": {},
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRun: {
        parameters: {
            query?: {
                /** @description Seconds, 1 to 25: the answer comes at the next change, at once if nothing will change any more, and then in any case. */
                wait?: string;
            };
            header?: never;
            path: {
                runId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What a run planned, and its progress */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01a22da0-6ed5-7679-9dc1-f7f3717acce7",
                     *       "schedule": "nightly",
                     *       "scheduledAt": "2026-11-21T02:00:00.000Z",
                     *       "createdAt": "2026-11-21T02:00:00.000Z",
                     *       "retentionClass": "daily",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "parts": {},
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSchedules: {
        parameters: {
            query?: {
                /** @description 1 to 100, 20 by default. */
                limit?: string;
                /** @description The cursor that the page before returned. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All schedules: those of the configuration, then those that this API made */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "name": "Nightly backup",
                     *           "scope": "project",
                     *           "projectId": "acme",
                     *           "managedBy": "api",
                     *           "sources": [
                     *             "main"
                     *           ],
                     *           "expression": "expression",
                     *           "timeZone": "Europe/Berlin",
                     *           "flexibleMinutes": 1,
                     *           "retentionClass": "daily",
                     *           "paused": false,
                     *           "nextTimes": [],
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            name: string;
                            /** @enum {string} */
                            scope: "project" | "all";
                            projectId?: string;
                            /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                            projectStatus?: string;
                            /** @enum {string} */
                            managedBy: "api" | "configuration";
                            /** @description Absent: all. */
                            sources?: string[];
                            /** @description The only ones that a schedule of the configuration backs up. */
                            projects?: string[];
                            expression: string;
                            timeZone: string;
                            flexibleMinutes: number;
                            /** @enum {string} */
                            retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                            /** @description Absent: those of the class. */
                            retentionDays?: number;
                            /**
                             * @description Absent: the configuration's.
                             * @enum {string}
                             */
                            format?: "custom" | "plain" | "tar";
                            paused: boolean;
                            /** @description The next five due times; none if it is paused. */
                            nextTimes: string[];
                            /**
                             * Format: date-time
                             * @description When its newest run was due.
                             */
                            lastDueAt?: string;
                            /** Format: date-time */
                            changedAt?: string;
                            warnings?: string[];
                            links: {
                                self: string;
                            };
                        }[];
                        /** @description Absent on the last page. */
                        cursor?: string;
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSharedSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Lower-case letters, digits and "-", 40 at most, beginning with a letter. */
                scheduleName: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One schedule for all projects, with its next due times */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "Nightly backup",
                     *       "scope": "project",
                     *       "projectId": "acme",
                     *       "managedBy": "api",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "expression": "expression",
                     *       "timeZone": "Europe/Berlin",
                     *       "flexibleMinutes": 1,
                     *       "retentionClass": "daily",
                     *       "paused": false,
                     *       "nextTimes": [],
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "project" | "all";
                        projectId?: string;
                        /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                        projectStatus?: string;
                        /** @enum {string} */
                        managedBy: "api" | "configuration";
                        /** @description Absent: all. */
                        sources?: string[];
                        /** @description The only ones that a schedule of the configuration backs up. */
                        projects?: string[];
                        expression: string;
                        timeZone: string;
                        flexibleMinutes: number;
                        /** @enum {string} */
                        retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                        /** @description Absent: those of the class. */
                        retentionDays?: number;
                        /**
                         * @description Absent: the configuration's.
                         * @enum {string}
                         */
                        format?: "custom" | "plain" | "tar";
                        paused: boolean;
                        /** @description The next five due times; none if it is paused. */
                        nextTimes: string[];
                        /**
                         * Format: date-time
                         * @description When its newest run was due.
                         */
                        lastDueAt?: string;
                        /** Format: date-time */
                        changedAt?: string;
                        warnings?: string[];
                        links: {
                            self: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    putSharedSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description `*` refuses to replace an existing one (412). */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Lower-case letters, digits and "-", 40 at most, beginning with a letter. */
                scheduleName: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "expression": "cron(0 2 * * ? *)",
                 *       "timeZone": "Europe/Berlin"
                 *     }
                 */
                "application/json": components["schemas"]["ScheduleRequest"];
            };
        };
        responses: {
            /** @description Create or replace a schedule that backs up all projects */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "Nightly backup",
                     *       "scope": "project",
                     *       "projectId": "acme",
                     *       "managedBy": "api",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "expression": "expression",
                     *       "timeZone": "Europe/Berlin",
                     *       "flexibleMinutes": 1,
                     *       "retentionClass": "daily",
                     *       "paused": false,
                     *       "nextTimes": [],
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "project" | "all";
                        projectId?: string;
                        /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                        projectStatus?: string;
                        /** @enum {string} */
                        managedBy: "api" | "configuration";
                        /** @description Absent: all. */
                        sources?: string[];
                        /** @description The only ones that a schedule of the configuration backs up. */
                        projects?: string[];
                        expression: string;
                        timeZone: string;
                        flexibleMinutes: number;
                        /** @enum {string} */
                        retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                        /** @description Absent: those of the class. */
                        retentionDays?: number;
                        /**
                         * @description Absent: the configuration's.
                         * @enum {string}
                         */
                        format?: "custom" | "plain" | "tar";
                        paused: boolean;
                        /** @description The next five due times; none if it is paused. */
                        nextTimes: string[];
                        /**
                         * Format: date-time
                         * @description When its newest run was due.
                         */
                        lastDueAt?: string;
                        /** Format: date-time */
                        changedAt?: string;
                        warnings?: string[];
                        links: {
                            self: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteSharedSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Lower-case letters, digits and "-", 40 at most, beginning with a letter. */
                scheduleName: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete a schedule that backs up all projects; its backups stay */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "Nightly backup",
                     *       "scope": "project",
                     *       "projectId": "acme",
                     *       "managedBy": "api",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "expression": "expression",
                     *       "timeZone": "Europe/Berlin",
                     *       "flexibleMinutes": 1,
                     *       "retentionClass": "daily",
                     *       "paused": false,
                     *       "nextTimes": [],
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "project" | "all";
                        projectId?: string;
                        /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                        projectStatus?: string;
                        /** @enum {string} */
                        managedBy: "api" | "configuration";
                        /** @description Absent: all. */
                        sources?: string[];
                        /** @description The only ones that a schedule of the configuration backs up. */
                        projects?: string[];
                        expression: string;
                        timeZone: string;
                        flexibleMinutes: number;
                        /** @enum {string} */
                        retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                        /** @description Absent: those of the class. */
                        retentionDays?: number;
                        /**
                         * @description Absent: the configuration's.
                         * @enum {string}
                         */
                        format?: "custom" | "plain" | "tar";
                        paused: boolean;
                        /** @description The next five due times; none if it is paused. */
                        nextTimes: string[];
                        /**
                         * Format: date-time
                         * @description When its newest run was due.
                         */
                        lastDueAt?: string;
                        /** Format: date-time */
                        changedAt?: string;
                        warnings?: string[];
                        links: {
                            self: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listProjectSchedules: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A project's schedules, and those for all projects that back it up */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "name": "Nightly backup",
                     *           "scope": "project",
                     *           "projectId": "acme",
                     *           "managedBy": "api",
                     *           "sources": [
                     *             "main"
                     *           ],
                     *           "expression": "expression",
                     *           "timeZone": "Europe/Berlin",
                     *           "flexibleMinutes": 1,
                     *           "retentionClass": "daily",
                     *           "paused": false,
                     *           "nextTimes": [],
                     *           "links": {
                     *             "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            name: string;
                            /** @enum {string} */
                            scope: "project" | "all";
                            projectId?: string;
                            /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                            projectStatus?: string;
                            /** @enum {string} */
                            managedBy: "api" | "configuration";
                            /** @description Absent: all. */
                            sources?: string[];
                            /** @description The only ones that a schedule of the configuration backs up. */
                            projects?: string[];
                            expression: string;
                            timeZone: string;
                            flexibleMinutes: number;
                            /** @enum {string} */
                            retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                            /** @description Absent: those of the class. */
                            retentionDays?: number;
                            /**
                             * @description Absent: the configuration's.
                             * @enum {string}
                             */
                            format?: "custom" | "plain" | "tar";
                            paused: boolean;
                            /** @description The next five due times; none if it is paused. */
                            nextTimes: string[];
                            /**
                             * Format: date-time
                             * @description When its newest run was due.
                             */
                            lastDueAt?: string;
                            /** Format: date-time */
                            changedAt?: string;
                            warnings?: string[];
                            links: {
                                self: string;
                            };
                        }[];
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description Lower-case letters, digits and "-", 40 at most, beginning with a letter. */
                scheduleName: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One of a project's schedules, with its next due times */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "Nightly backup",
                     *       "scope": "project",
                     *       "projectId": "acme",
                     *       "managedBy": "api",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "expression": "expression",
                     *       "timeZone": "Europe/Berlin",
                     *       "flexibleMinutes": 1,
                     *       "retentionClass": "daily",
                     *       "paused": false,
                     *       "nextTimes": [],
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "project" | "all";
                        projectId?: string;
                        /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                        projectStatus?: string;
                        /** @enum {string} */
                        managedBy: "api" | "configuration";
                        /** @description Absent: all. */
                        sources?: string[];
                        /** @description The only ones that a schedule of the configuration backs up. */
                        projects?: string[];
                        expression: string;
                        timeZone: string;
                        flexibleMinutes: number;
                        /** @enum {string} */
                        retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                        /** @description Absent: those of the class. */
                        retentionDays?: number;
                        /**
                         * @description Absent: the configuration's.
                         * @enum {string}
                         */
                        format?: "custom" | "plain" | "tar";
                        paused: boolean;
                        /** @description The next five due times; none if it is paused. */
                        nextTimes: string[];
                        /**
                         * Format: date-time
                         * @description When its newest run was due.
                         */
                        lastDueAt?: string;
                        /** Format: date-time */
                        changedAt?: string;
                        warnings?: string[];
                        links: {
                            self: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    putSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description `*` refuses to replace an existing one (412). */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description Lower-case letters, digits and "-", 40 at most, beginning with a letter. */
                scheduleName: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "expression": "cron(0 2 * * ? *)",
                 *       "timeZone": "Europe/Berlin"
                 *     }
                 */
                "application/json": components["schemas"]["ScheduleRequest"];
            };
        };
        responses: {
            /** @description Create or replace a schedule that backs up one project */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "Nightly backup",
                     *       "scope": "project",
                     *       "projectId": "acme",
                     *       "managedBy": "api",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "expression": "expression",
                     *       "timeZone": "Europe/Berlin",
                     *       "flexibleMinutes": 1,
                     *       "retentionClass": "daily",
                     *       "paused": false,
                     *       "nextTimes": [],
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "project" | "all";
                        projectId?: string;
                        /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                        projectStatus?: string;
                        /** @enum {string} */
                        managedBy: "api" | "configuration";
                        /** @description Absent: all. */
                        sources?: string[];
                        /** @description The only ones that a schedule of the configuration backs up. */
                        projects?: string[];
                        expression: string;
                        timeZone: string;
                        flexibleMinutes: number;
                        /** @enum {string} */
                        retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                        /** @description Absent: those of the class. */
                        retentionDays?: number;
                        /**
                         * @description Absent: the configuration's.
                         * @enum {string}
                         */
                        format?: "custom" | "plain" | "tar";
                        paused: boolean;
                        /** @description The next five due times; none if it is paused. */
                        nextTimes: string[];
                        /**
                         * Format: date-time
                         * @description When its newest run was due.
                         */
                        lastDueAt?: string;
                        /** Format: date-time */
                        changedAt?: string;
                        warnings?: string[];
                        links: {
                            self: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
                /** @description Lower-case letters, digits and "-", 40 at most, beginning with a letter. */
                scheduleName: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete one of a project's schedules; its backups stay */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "Nightly backup",
                     *       "scope": "project",
                     *       "projectId": "acme",
                     *       "managedBy": "api",
                     *       "sources": [
                     *         "main"
                     *       ],
                     *       "expression": "expression",
                     *       "timeZone": "Europe/Berlin",
                     *       "flexibleMinutes": 1,
                     *       "retentionClass": "daily",
                     *       "paused": false,
                     *       "nextTimes": [],
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "project" | "all";
                        projectId?: string;
                        /** @description In the registry; the runs of a project that is GONE report that they skip it. */
                        projectStatus?: string;
                        /** @enum {string} */
                        managedBy: "api" | "configuration";
                        /** @description Absent: all. */
                        sources?: string[];
                        /** @description The only ones that a schedule of the configuration backs up. */
                        projects?: string[];
                        expression: string;
                        timeZone: string;
                        flexibleMinutes: number;
                        /** @enum {string} */
                        retentionClass: "daily" | "weekly" | "monthly" | "yearly";
                        /** @description Absent: those of the class. */
                        retentionDays?: number;
                        /**
                         * @description Absent: the configuration's.
                         * @enum {string}
                         */
                        format?: "custom" | "plain" | "tar";
                        paused: boolean;
                        /** @description The next five due times; none if it is paused. */
                        nextTimes: string[];
                        /**
                         * Format: date-time
                         * @description When its newest run was due.
                         */
                        lastDueAt?: string;
                        /** Format: date-time */
                        changedAt?: string;
                        warnings?: string[];
                        links: {
                            self: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getErasure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Progress of an erasure, and when it ended */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "projectId": "acme",
                     *       "status": "completed",
                     *       "requestedAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "waitingFor": 1,
                     *       "removed": {
                     *         "objects": 1,
                     *         "uploads": 1,
                     *         "rows": 1,
                     *         "schedules": 1
                     *       },
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        projectId: string;
                        /** @enum {string} */
                        status: "in-progress" | "completed";
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy?: string;
                        /** Format: date-time */
                        completedAt?: string;
                        /** @description Backups, restores and verifications of the project that have not stopped yet. */
                        waitingFor: number;
                        removed: {
                            objects: number;
                            uploads: number;
                            rows: number;
                            schedules: number;
                        };
                        /** @description Versions of objects that S3 did not remove at the last try, and why. */
                        remaining?: {
                            /** @enum {string} */
                            reason: "object-lock" | "refused";
                            objects: number;
                        };
                        links: {
                            /** @description A path on this API. */
                            self: string;
                            /** @description A path on this API. */
                            statement?: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    eraseProject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "confirm": "acme"
                 *     }
                 */
                "application/json": components["schemas"]["EraseRequest"];
            };
        };
        responses: {
            /** @description It was erased before */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Erase a project: all of its backups, rows and schedules, for good */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "projectId": "acme",
                     *       "status": "completed",
                     *       "requestedAt": "2026-11-21T02:00:00.000Z",
                     *       "completedAt": "2026-11-21T02:00:41.000Z",
                     *       "waitingFor": 1,
                     *       "removed": {
                     *         "objects": 1,
                     *         "uploads": 1,
                     *         "rows": 1,
                     *         "schedules": 1
                     *       },
                     *       "links": {
                     *         "self": "/projects/acme/backups/01a22da0-6ed5-7679-9dc1-f7f3717acce7"
                     *       }
                     *     }
                     */
                    "application/json": {
                        projectId: string;
                        /** @enum {string} */
                        status: "in-progress" | "completed";
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy?: string;
                        /** Format: date-time */
                        completedAt?: string;
                        /** @description Backups, restores and verifications of the project that have not stopped yet. */
                        waitingFor: number;
                        removed: {
                            objects: number;
                            uploads: number;
                            rows: number;
                            schedules: number;
                        };
                        /** @description Versions of objects that S3 did not remove at the last try, and why. */
                        remaining?: {
                            /** @enum {string} */
                            reason: "object-lock" | "refused";
                            objects: number;
                        };
                        links: {
                            /** @description A path on this API. */
                            self: string;
                            /** @description A path on this API. */
                            statement?: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getErasureStatement: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id as its source has it, percent-encoded. */
                projectId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The signed statement that a project was erased */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "statement": "statement",
                     *       "signature": {
                     *         "algorithm": "algorithm",
                     *         "keyId": "keyId",
                     *         "mac": "mac"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @description JSON; the signature covers exactly these characters. */
                        statement: string;
                        signature: {
                            algorithm: string;
                            keyId: string;
                            mac: string;
                        };
                    };
                };
            };
            /** @description Problem details, RFC 9457 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Problem details, RFC 9457 */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
