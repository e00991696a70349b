CREATE TABLE `begun_calls` (
	`id` text PRIMARY KEY NOT NULL,
	`begun_at` integer NOT NULL,
	`call` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `begun_calls_begun` ON `begun_calls` (`begun_at`);