CREATE TABLE `counters` (
	`name` text PRIMARY KEY NOT NULL,
	`value` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `keys` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`digest` text NOT NULL,
	`hint` text NOT NULL,
	`scopes` text NOT NULL,
	`defaults` text DEFAULT '{}' NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `keys_digest` ON `keys` (`digest`);--> statement-breakpoint
CREATE TABLE `prices` (
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`input_usd_per_million` text NOT NULL,
	`output_usd_per_million` text NOT NULL,
	`cache_read_usd_per_million` text,
	`cache_write_usd_per_million` text,
	`cache_write_1h_usd_per_million` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`provider`, `model`)
);
--> statement-breakpoint
CREATE TABLE `requests` (
	`id` text PRIMARY KEY NOT NULL,
	`request_id` text NOT NULL,
	`started_at` integer NOT NULL,
	`first_byte_at` integer,
	`ended_at` integer NOT NULL,
	`key_id` text,
	`user_id` text,
	`session_id` text,
	`session_path` text,
	`session_name` text,
	`prompt_id` text,
	`prompt_version` text,
	`properties` text NOT NULL,
	`method` text NOT NULL,
	`path` text NOT NULL,
	`target_url` text,
	`wire` text NOT NULL,
	`provider` text,
	`request_model` text,
	`response_model` text,
	`model_override` text,
	`model` text,
	`streamed` integer NOT NULL,
	`status` integer NOT NULL,
	`outcome` text NOT NULL,
	`error_code` text,
	`attempts` text NOT NULL,
	`input_tokens` integer,
	`output_tokens` integer,
	`cache_read_tokens` integer,
	`cache_write_tokens` integer,
	`cache_write_1h_tokens` integer,
	`reasoning_tokens` integer,
	`input_audio_tokens` integer,
	`output_audio_tokens` integer,
	`web_searches` integer,
	`cost_nano_usd` integer,
	`price_source` text,
	`country` text,
	`headers` text NOT NULL,
	`warnings` text NOT NULL,
	`request_excerpt` text NOT NULL,
	`response_excerpt` text NOT NULL,
	`request_bytes` integer NOT NULL,
	`response_bytes` integer NOT NULL,
	`body_key` text,
	`body_offset` integer,
	`body_length` integer
);
--> statement-breakpoint
CREATE INDEX `requests_started` ON `requests` (`started_at`,`id`);--> statement-breakpoint
CREATE INDEX `requests_request_id` ON `requests` (`request_id`);--> statement-breakpoint
CREATE INDEX `requests_session` ON `requests` (`session_id`);--> statement-breakpoint
CREATE TABLE `rollups` (
	`hour` integer NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`outcome` text NOT NULL,
	`calls` integer NOT NULL,
	`input_tokens` integer NOT NULL,
	`output_tokens` integer NOT NULL,
	`cost_nano_usd` integer NOT NULL,
	`unpriced` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	PRIMARY KEY(`hour`, `provider`, `model`, `outcome`)
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`named_at` integer NOT NULL
);
