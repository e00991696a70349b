CREATE TABLE `begun_calls` (
	`id` text NOT NULL,
	`provider` text NOT NULL,
	`begun_at` integer NOT NULL,
	`call` text NOT NULL,
	PRIMARY KEY(`id`, `provider`)
);
--> statement-breakpoint
CREATE INDEX `begun_calls_begun` ON `begun_calls` (`begun_at`);