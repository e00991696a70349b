/** Answers as each vendor's own pages write them, whole and as a stream of events, independent of the code under test. */

export type Said =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'refusal'; readonly text: string }
  /** `signature`: of vendors that sign what was thought. */
  | { readonly kind: 'thought'; readonly text: string; readonly signature?: string }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly input: string };

export interface Answer {
  readonly said: readonly Said[];
  readonly end: 'stop' | 'length' | 'filter';
}

/** Tokens of every answer: of the input some were cached, of the output some were thought. */
export const TOKENS = { input: 50, cached: 30, output: 20, thought: 7 } as const;

interface Native {
  readonly whole: (answer: Answer) => object;
  /** Server-sent events; Bedrock's frames stand as the events that they are unframed to. */
  readonly stream: (answer: Answer) => string;
}

const event = (data: object, name?: string): string => `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
const pieces = (text: string): string[] => text.match(/.{1,3}/gsu) ?? [];
const textIn = (said: readonly Said[], kind: Said['kind']): string =>
  said.map((each) => (each.kind === kind && 'text' in each ? each.text : '')).join('');
const callsIn = (said: readonly Said[]) => said.filter((each) => each.kind === 'call');

/** https://platform.openai.com/docs/api-reference/chat/object and /chat-streaming; thoughts as DeepSeek and vLLM have them. */
const chat: Native = {
  whole: ({ said, end }) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: textIn(said, 'text') || null,
          refusal: textIn(said, 'refusal') || null,
          ...(textIn(said, 'thought') !== '' && { reasoning_content: textIn(said, 'thought') }),
          ...(callsIn(said).length > 0 && {
            tool_calls: callsIn(said).map(({ id, name, input }) => ({ id, type: 'function', function: { name, arguments: input } })),
          }),
        },
        finish_reason: chatEnd(said, end),
      },
    ],
    usage: CHAT_USAGE,
  }),
  stream: ({ said, end }) => {
    const frame = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' };
    const chunk = (delta: object, finish: string | null = null): string => event({ ...frame, choices: [{ index: 0, delta, finish_reason: finish }] });
    let index = -1;
    const deltas = said.flatMap((each): object[] => {
      if (each.kind === 'text') return pieces(each.text).map((content) => ({ content }));
      if (each.kind === 'refusal') return pieces(each.text).map((refusal) => ({ refusal }));
      if (each.kind === 'thought') return pieces(each.text).map((text) => ({ reasoning_content: text }));
      index++;
      const opened = { index, id: each.id, type: 'function', function: { name: each.name, arguments: '' } };
      const at = index;
      return [{ tool_calls: [opened] }, ...pieces(each.input).map((input) => ({ tool_calls: [{ index: at, function: { arguments: input } }] }))];
    });
    const content = deltas.map((delta) => chunk(delta)).join('');
    return `${chunk({ role: 'assistant', content: '' })}${content}${chunk({}, chatEnd(said, end))}${event({ ...frame, choices: [], usage: CHAT_USAGE })}data: [DONE]\n\n`;
  },
};
const CHAT_USAGE = {
  prompt_tokens: TOKENS.input,
  completion_tokens: TOKENS.output,
  total_tokens: TOKENS.input + TOKENS.output,
  prompt_tokens_details: { cached_tokens: TOKENS.cached },
  completion_tokens_details: { reasoning_tokens: TOKENS.thought },
};
function chatEnd(said: readonly Said[], end: Answer['end']): string {
  if (end === 'stop') return callsIn(said).length > 0 ? 'tool_calls' : 'stop';
  return end === 'length' ? 'length' : 'content_filter';
}

/** https://platform.claude.com/docs/en/api/messages and /build-with-claude/streaming; a refusal ends an answer there, and has no block. */
const messages: Native = {
  whole: ({ said, end }) => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: said.map(messageBlock),
    stop_reason: messageEnd(said, end),
    stop_sequence: null,
    usage: { ...MESSAGE_USAGE, output_tokens: TOKENS.output, output_tokens_details: { thinking_tokens: TOKENS.thought } },
  }),
  stream: ({ said, end }) => {
    const send = (data: { type: string }): string => event(data, data.type);
    const blocks = said.map((each, index) => {
      const delta = (it: object): string => send({ type: 'content_block_delta', index, delta: it } as { type: string });
      const empty = each.kind === 'call' ? { input: {} } : each.kind === 'thought' ? { thinking: '', signature: '' } : { text: '' };
      const inner =
        each.kind === 'call'
          ? pieces(each.input).map((it) => delta({ type: 'input_json_delta', partial_json: it }))
          : each.kind === 'thought'
            ? [
                ...pieces(each.text).map((it) => delta({ type: 'thinking_delta', thinking: it })),
                delta({ type: 'signature_delta', signature: each.signature ?? '' }),
              ]
            : pieces(each.text).map((it) => delta({ type: 'text_delta', text: it }));
      return [
        send({ type: 'content_block_start', index, content_block: { ...messageBlock(each), ...empty } } as { type: string }),
        ...inner,
        send({ type: 'content_block_stop', index } as { type: string }),
      ].join('');
    });
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: null,
      usage: { ...MESSAGE_USAGE, output_tokens: 1 },
    };
    const usage = { output_tokens: TOKENS.output, output_tokens_details: { thinking_tokens: TOKENS.thought } };
    return [
      send({ type: 'message_start', message } as { type: string }),
      send({ type: 'ping' }),
      ...blocks,
      send({ type: 'message_delta', delta: { stop_reason: messageEnd(said, end), stop_sequence: null }, usage } as { type: string }),
      send({ type: 'message_stop' }),
    ].join('');
  },
};
const MESSAGE_USAGE = { input_tokens: TOKENS.input - TOKENS.cached, cache_read_input_tokens: TOKENS.cached, cache_creation_input_tokens: 0 };
function messageBlock(each: Said): object {
  if (each.kind === 'call') return { type: 'tool_use', id: each.id, name: each.name, input: JSON.parse(each.input) };
  if (each.kind === 'thought') return { type: 'thinking', thinking: each.text, signature: each.signature ?? '' };
  return { type: 'text', text: each.text };
}
function messageEnd(said: readonly Said[], end: Answer['end']): string {
  if (end === 'stop') return callsIn(said).length > 0 ? 'tool_use' : 'end_turn';
  return end === 'length' ? 'max_tokens' : 'refusal';
}

/** https://platform.openai.com/docs/api-reference/responses/object and /responses-streaming */
const responses: Native = {
  whole: ({ said, end }) => ({ ...responseFrame(end), output: said.map(responseItem), usage: RESPONSE_USAGE }),
  stream: ({ said, end }) => {
    let number = 0;
    const send = (type: string, rest: object): string => event({ type, sequence_number: number++, ...rest }, type);
    const opened = { ...responseFrame('stop'), status: 'in_progress', output: [], usage: null };
    const head = [send('response.created', { response: opened }), send('response.in_progress', { response: opened })];
    const items = said.map((each, index) => {
      const item = responseItem(each, index);
      const at = { item_id: item.id, output_index: index };
      const sent = [send('response.output_item.added', { output_index: index, item: { ...item, ...emptied(each) } })];
      if (each.kind === 'call') {
        for (const delta of pieces(each.input)) sent.push(send('response.function_call_arguments.delta', { ...at, delta }));
        sent.push(send('response.function_call_arguments.done', { ...at, arguments: each.input }));
      } else if (each.kind === 'thought') {
        const within = { ...at, summary_index: 0 };
        sent.push(send('response.reasoning_summary_part.added', { ...within, part: { type: 'summary_text', text: '' } }));
        for (const delta of pieces(each.text)) sent.push(send('response.reasoning_summary_text.delta', { ...within, delta }));
        sent.push(send('response.reasoning_summary_text.done', { ...within, text: each.text }));
        sent.push(send('response.reasoning_summary_part.done', { ...within, part: { type: 'summary_text', text: each.text } }));
      } else {
        const within = { ...at, content_index: 0 };
        const [part] = item.content ?? [];
        const name = each.kind === 'text' ? 'output_text' : 'refusal';
        sent.push(send('response.content_part.added', { ...within, part: { ...part, ...(each.kind === 'text' ? { text: '' } : { refusal: '' }) } }));
        for (const delta of pieces(each.text)) sent.push(send(`response.${name}.delta`, { ...within, delta }));
        sent.push(send(`response.${name}.done`, { ...within, ...(each.kind === 'text' ? { text: each.text } : { refusal: each.text }) }));
        sent.push(send('response.content_part.done', { ...within, part }));
      }
      sent.push(send('response.output_item.done', { output_index: index, item }));
      return sent.join('');
    });
    const response = { ...responseFrame(end), output: said.map(responseItem), usage: RESPONSE_USAGE };
    return [...head, ...items, send(end === 'stop' ? 'response.completed' : 'response.incomplete', { response })].join('');
  },
};
const RESPONSE_USAGE = {
  input_tokens: TOKENS.input,
  input_tokens_details: { cached_tokens: TOKENS.cached },
  output_tokens: TOKENS.output,
  output_tokens_details: { reasoning_tokens: TOKENS.thought },
  total_tokens: TOKENS.input + TOKENS.output,
};
const responseFrame = (end: Answer['end']) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'm',
  status: end === 'stop' ? 'completed' : 'incomplete',
  error: null,
  incomplete_details: end === 'stop' ? null : { reason: end === 'length' ? 'max_output_tokens' : 'content_filter' },
});
interface Item {
  readonly id: string;
  readonly type: string;
  readonly content?: readonly object[];
  readonly summary?: readonly object[];
}
function responseItem(each: Said, index: number): Item {
  if (each.kind === 'call') {
    return { id: `fc_${index}`, type: 'function_call', call_id: each.id, name: each.name, arguments: each.input, status: 'completed' } as Item;
  }
  if (each.kind === 'thought') {
    const encrypted = each.signature === undefined ? {} : { encrypted_content: each.signature };
    return { id: `rs_${index}`, type: 'reasoning', summary: [{ type: 'summary_text', text: each.text }], ...encrypted } as Item;
  }
  const part = each.kind === 'text' ? { type: 'output_text', text: each.text, annotations: [] } : { type: 'refusal', refusal: each.text };
  return { id: `msg_${index}`, type: 'message', role: 'assistant', status: 'completed', content: [part] } as Item;
}
const emptied = (each: Said) => (each.kind === 'call' ? { arguments: '' } : each.kind === 'thought' ? { summary: [] } : { content: [] });

/** https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse; calls come whole. */
const gemini: Native = {
  whole: ({ said, end }) => geminiAnswer(said.map(geminiPart), geminiEnd(end)),
  stream: ({ said, end }) => {
    const parts = said.flatMap((each): object[] => {
      if (each.kind === 'call') return [geminiPart(each)];
      const cut = pieces(each.text);
      // The signature stands on the last piece of what it signs.
      return cut.map((text, index) => geminiPart(index === cut.length - 1 ? { ...each, text } : { kind: each.kind, text }));
    });
    return (
      parts.map((part) => event({ candidates: [{ content: { role: 'model', parts: [part] }, index: 0 }] })).join('') +
      event(geminiAnswer([{ text: '' }], geminiEnd(end)))
    );
  },
};
const geminiEnd = (end: Answer['end']): string => (end === 'stop' ? 'STOP' : end === 'length' ? 'MAX_TOKENS' : 'SAFETY');
const geminiAnswer = (parts: readonly object[], finishReason: string) => ({
  candidates: [{ index: 0, content: { role: 'model', parts }, finishReason }],
  usageMetadata: {
    promptTokenCount: TOKENS.input,
    cachedContentTokenCount: TOKENS.cached,
    candidatesTokenCount: TOKENS.output - TOKENS.thought,
    thoughtsTokenCount: TOKENS.thought,
    totalTokenCount: TOKENS.input + TOKENS.output,
  },
  modelVersion: 'm',
  responseId: 'r1',
});
function geminiPart(each: Said): object {
  if (each.kind === 'call') return { functionCall: { id: each.id, name: each.name, args: JSON.parse(each.input) } };
  const signature = 'signature' in each && each.signature !== undefined ? { thoughtSignature: each.signature } : {};
  return { text: each.text, ...(each.kind === 'thought' && { thought: true }), ...signature };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and ConverseStream; thoughts are not counted apart. */
const bedrock: Native = {
  whole: ({ said, end }) => ({
    output: { message: { role: 'assistant', content: said.map(converseBlock) } },
    stopReason: converseEnd(said, end),
    usage: CONVERSE_USAGE,
    metrics: { latencyMs: 1 },
  }),
  stream: ({ said, end }) => {
    const blocks = said.map((each, contentBlockIndex) => {
      const delta = (it: object): string => event({ contentBlockIndex, delta: it }, 'contentBlockDelta');
      const start =
        each.kind === 'call' ? event({ contentBlockIndex, start: { toolUse: { toolUseId: each.id, name: each.name } } }, 'contentBlockStart') : '';
      const inner =
        each.kind === 'call'
          ? pieces(each.input).map((input) => delta({ toolUse: { input } }))
          : each.kind === 'thought'
            ? [
                ...pieces(each.text).map((text) => delta({ reasoningContent: { text } })),
                delta({ reasoningContent: { signature: each.signature ?? '' } }),
              ]
            : pieces(each.text).map((text) => delta({ text }));
      return [start, ...inner, event({ contentBlockIndex }, 'contentBlockStop')].join('');
    });
    return [
      event({ role: 'assistant' }, 'messageStart'),
      ...blocks,
      event({ stopReason: converseEnd(said, end) }, 'messageStop'),
      event({ usage: CONVERSE_USAGE, metrics: { latencyMs: 1 } }, 'metadata'),
    ].join('');
  },
};
const CONVERSE_USAGE = {
  inputTokens: TOKENS.input - TOKENS.cached,
  cacheReadInputTokens: TOKENS.cached,
  outputTokens: TOKENS.output,
  totalTokens: TOKENS.input + TOKENS.output,
};
function converseBlock(each: Said): object {
  if (each.kind === 'call') return { toolUse: { toolUseId: each.id, name: each.name, input: JSON.parse(each.input) } };
  if (each.kind === 'thought') return { reasoningContent: { reasoningText: { text: each.text, signature: each.signature ?? '' } } };
  return { text: each.text };
}
function converseEnd(said: readonly Said[], end: Answer['end']): string {
  if (end === 'stop') return callsIn(said).length > 0 ? 'tool_use' : 'end_turn';
  return end === 'length' ? 'max_tokens' : 'content_filtered';
}

export const NATIVE = { chat, messages, responses, gemini, bedrock } as const;
