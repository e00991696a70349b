import { type Config, readConfig } from '../../src/config';

/** A usable configuration with these vars on top. */
export function testConfig(vars: Record<string, string> = {}): Config {
  return readConfig({ WEIR_ADMIN_KEY: 'sk-weir-admin-0123456789abcdef', WEIR_VAULT_KEY: Buffer.alloc(32, 7).toString('base64'), ...vars });
}
