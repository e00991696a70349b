/** How a conversation is written in tests where nothing is asked of the model in particular. */
import type { WriteOptions } from '../../src/wires/canonical.ts';

export const WRITE_OPTIONS: WriteOptions = {
  model: 'm',
  outputLimitField: 'max_tokens',
  isSamplingFixed: false,
  reasoning: null,
  outputLimit: null,
  defaultOutputTokens: 4_096,
};
