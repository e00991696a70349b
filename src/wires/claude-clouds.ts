/**
 * Claude's own wire as clouds serve it beside their own: under paths that name the model, on Bedrock in a binary framing.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html and
 * https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude
 */
import { anthropicMessages } from './anthropic-messages/wire';
import { FrameReader, type Frames } from './aws-frames';
import { textOfBase64 } from './bytes';
import { parseObject, stringOr } from './json';
import { unescaped } from './path';
import { eventsOf, type SseEvent } from './sse';
import type { Wire } from './wire';

const INVOKE = /\/model\/([^/]+)\/invoke(-with-response-stream)?$/;
const PREDICT = /\/publishers\/anthropic\/models\/([^/:]+):(rawPredict|streamRawPredict)$/;

/** Frames hold an event of Claude's each, in base64; failures have a name of their own. */
class InvokeFrames implements Frames {
  readonly #frames = new FrameReader();

  get failure() {
    return this.#frames.failure;
  }

  push(chunk: Uint8Array): string {
    return eventsOf(this.#frames.push(chunk)).map(unwrapped).join('');
  }

  flush(): void {
    this.#frames.flush();
  }
}

function unwrapped({ name, data }: SseEvent): string {
  const frame = parseObject(data);
  if (name !== 'chunk') {
    const message = stringOr(frame?.['message'], '');
    return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: name, message } })}\n\n`;
  }
  const json = textOfBase64(stringOr(frame?.['bytes'], '')) ?? '';
  return `event: ${stringOr(parseObject(json)?.['type'], '')}\ndata: ${json}\n\n`;
}

const inPath = (path: RegExp, isStreamed: (how: string | undefined) => boolean): Wire => ({
  ...anthropicMessages,
  hasModelInPath: true,
  readRequest: (body, at) => {
    const [, model, how] = path.exec(at) ?? [];
    return { ...anthropicMessages.readRequest(body, at), model: model === undefined ? null : unescaped(model), streamed: isStreamed(how) };
  },
  inbound: null,
  outbound: null,
});

const invoke: Wire = { ...inPath(INVOKE, (how) => how !== undefined), openFrames: () => new InvokeFrames() };
const predict: Wire = inPath(PREDICT, (how) => how === 'streamRawPredict');

/** The wire of a cloud's path for Claude, or null for any other. */
export function claudeWireOf(path: string): Wire | null {
  const [, model] = INVOKE.exec(path) ?? [];
  if (model !== undefined) return /\bclaude-/.test(unescaped(model)) ? invoke : null;
  return PREDICT.test(path) ? predict : null;
}
