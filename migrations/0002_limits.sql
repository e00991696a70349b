CREATE TABLE `limits` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`policy` text NOT NULL,
	`dry_run` integer DEFAULT 0 NOT NULL,
	`updated_at` integer NOT NULL
);
