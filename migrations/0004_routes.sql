CREATE TABLE `events` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_at` ON `events` (`at`);--> statement-breakpoint
CREATE TABLE `routes` (
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`definition` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`name`, `version`)
);
--> statement-breakpoint
ALTER TABLE `requests` ADD `route` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `budgets` text DEFAULT '[]' NOT NULL;