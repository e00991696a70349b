CREATE TABLE `scores` (
	`request_id` text NOT NULL,
	`name` text NOT NULL,
	`value` real NOT NULL,
	`scored_at` integer NOT NULL,
	PRIMARY KEY(`request_id`, `name`)
);
--> statement-breakpoint
CREATE INDEX `scores_scored` ON `scores` (`scored_at`);