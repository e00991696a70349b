ALTER TABLE `requests` ADD `cache_status` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `cache_key` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `cache_bucket` integer;--> statement-breakpoint
ALTER TABLE `requests` ADD `cache_reference` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `saved_nano_usd` integer;