/** The wires that the mock provider speaks, as the vendors' API references show them. */

export interface Answer {
  readonly model: string;
  readonly text: string;
  /** Tokens; the mock counts words. */
  readonly input: number;
  readonly output: number;
  readonly body: Record<string, unknown>;
}

export interface MockDialect {
  readonly whole: (it: Answer) => unknown;
  /** The answer as server-sent events, or undefined where the endpoint has no streams. */
  readonly events?: (it: Answer) => string[];
  readonly failure: (status: number, message: string) => Response;
}

type Json = Record<string, unknown>;
const isObject = (it: unknown): it is Json => typeof it === 'object' && it !== null && !Array.isArray(it);

const data = (it: unknown): string => `data: ${JSON.stringify(it)}\n\n`;
const named = (it: Json): string => `event: ${String(it['type'])}\n${data(it)}`;
/** The echo in pieces, a word with its trailing blank each. */
const pieces = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [text];

export const wordCount = (text: string): number => text.match(/\S+/g)?.length ?? 0;

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

/** The last user message of a chat, messages or responses body, the prompt of a completion, the input of an embedding. */
export function lastUserText(body: Json): string {
  const list = body['messages'] ?? body['input'];
  if (Array.isArray(list)) {
    const last = list.filter((item) => isObject(item) && item['role'] === 'user').at(-1);
    if (isObject(last)) return textOf(last['content']);
    return list.filter((item) => typeof item === 'string').join(' ');
  }
  const text = list ?? body['prompt'];
  return typeof text === 'string' ? text : textOf(text);
}

function openAiFailure(status: number, message: string): Response {
  const headers = new Headers(status === 429 ? { 'retry-after': '1' } : {});
  return Response.json(
    { error: { message, type: status === 429 ? 'rate_limit_error' : 'mock_error', code: null, param: null } },
    { status, headers },
  );
}

const openAiUsage = (it: Answer): Json => ({
  prompt_tokens: it.input,
  completion_tokens: it.output,
  total_tokens: it.input + it.output,
});

const chunk = (it: Answer, choices: Json[], usage?: Json | null): Json => ({
  id: 'chatcmpl-mock',
  object: 'chat.completion.chunk',
  created: 0,
  model: it.model,
  choices,
  ...(usage === undefined ? {} : { usage }),
});

const chat: MockDialect = {
  whole: (it) => ({
    id: 'chatcmpl-mock',
    object: 'chat.completion',
    created: 0,
    model: it.model,
    choices: [{ index: 0, message: { role: 'assistant', content: it.text, refusal: null }, logprobs: null, finish_reason: 'stop' }],
    usage: openAiUsage(it),
  }),
  events: (it) => {
    const options = it.body['stream_options'];
    const usage = isObject(options) && options['include_usage'] === true;
    return [
      data(chunk(it, [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])),
      ...pieces(it.text).map((content) => data(chunk(it, [{ index: 0, delta: { content }, finish_reason: null }]))),
      data(chunk(it, [{ index: 0, delta: {}, finish_reason: 'stop' }])),
      ...(usage ? [data(chunk(it, [], openAiUsage(it)))] : []),
      'data: [DONE]\n\n',
    ];
  },
  failure: openAiFailure,
};

const completions: MockDialect = {
  whole: (it) => ({
    id: 'cmpl-mock',
    object: 'text_completion',
    created: 0,
    model: it.model,
    choices: [{ index: 0, text: it.text, logprobs: null, finish_reason: 'stop' }],
    usage: openAiUsage(it),
  }),
  events: (it) => [
    ...pieces(it.text).map((text) =>
      data({ id: 'cmpl-mock', object: 'text_completion', model: it.model, choices: [{ index: 0, text, finish_reason: null }] }),
    ),
    data({ id: 'cmpl-mock', object: 'text_completion', model: it.model, choices: [{ index: 0, text: '', finish_reason: 'stop' }] }),
    'data: [DONE]\n\n',
  ],
  failure: openAiFailure,
};

const EMBEDDING = [0.25, -0.5, 0.75, -1];

const embeddings: MockDialect = {
  whole: (it) => ({
    object: 'list',
    model: it.model,
    data: [
      {
        object: 'embedding',
        index: 0,
        embedding: it.body['encoding_format'] === 'base64' ? base64Floats(EMBEDDING) : EMBEDDING,
      },
    ],
    usage: { prompt_tokens: it.input, total_tokens: it.input },
  }),
  failure: openAiFailure,
};

const base64Floats = (values: number[]): string => btoa(String.fromCharCode(...new Uint8Array(new Float32Array(values).buffer)));

const moderations: MockDialect = {
  whole: (it) => ({ id: 'modr-mock', model: it.model, results: [{ flagged: false, categories: {}, category_scores: {} }] }),
  failure: openAiFailure,
};

function response(it: Answer, status: string): Json {
  const done = status === 'completed';
  return {
    id: 'resp_mock',
    object: 'response',
    created_at: 0,
    status,
    model: it.model,
    error: null,
    output: done ? [responseItem(it.text, 'completed')] : [],
    usage: done ? { input_tokens: it.input, output_tokens: it.output, total_tokens: it.input + it.output } : null,
  };
}

const responseItem = (text: string, status: string): Json => ({
  id: 'msg_mock',
  type: 'message',
  status,
  role: 'assistant',
  content: status === 'completed' ? [{ type: 'output_text', text, annotations: [] }] : [],
});

const responses: MockDialect = {
  whole: (it) => response(it, 'completed'),
  events: (it) => {
    const at = { item_id: 'msg_mock', output_index: 0, content_index: 0 };
    const part = { type: 'output_text', text: it.text, annotations: [] };
    const list: Json[] = [
      { type: 'response.created', response: response(it, 'in_progress') },
      { type: 'response.in_progress', response: response(it, 'in_progress') },
      { type: 'response.output_item.added', output_index: 0, item: responseItem(it.text, 'in_progress') },
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...pieces(it.text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
      { type: 'response.output_text.done', ...at, text: it.text },
      { type: 'response.content_part.done', ...at, part },
      { type: 'response.output_item.done', output_index: 0, item: responseItem(it.text, 'completed') },
      { type: 'response.completed', response: response(it, 'completed') },
    ];
    return list.map((event, index) => named({ ...event, sequence_number: index }));
  },
  failure: openAiFailure,
};

const message = (it: Answer, content: Json[], stop: string | null, output: number): Json => ({
  id: 'msg_mock',
  type: 'message',
  role: 'assistant',
  model: it.model,
  content,
  stop_reason: stop,
  stop_sequence: null,
  usage: { input_tokens: it.input, output_tokens: output },
});

function anthropicFailure(status: number, text: string): Response {
  const type = { 400: 'invalid_request_error', 401: 'authentication_error', 404: 'not_found_error', 429: 'rate_limit_error' }[status] ?? 'api_error';
  const headers = new Headers(status === 429 ? { 'retry-after': '1' } : {});
  return Response.json({ type: 'error', error: { type, message: text } }, { status, headers });
}

const messages: MockDialect = {
  whole: (it) => message(it, [{ type: 'text', text: it.text }], 'end_turn', it.output),
  events: (it) => [
    named({ type: 'message_start', message: message(it, [], null, 0) }),
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...pieces(it.text).map((text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    named({ type: 'content_block_stop', index: 0 }),
    named({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: it.output } }),
    named({ type: 'message_stop' }),
  ],
  failure: anthropicFailure,
};

const countTokens: MockDialect = { whole: (it) => ({ input_tokens: it.input }), failure: anthropicFailure };

const DIALECTS: readonly (readonly [suffix: string, dialect: MockDialect])[] = [
  ['/chat/completions', chat],
  ['/completions', completions],
  ['/embeddings', embeddings],
  ['/moderations', moderations],
  ['/responses', responses],
  ['/messages/count_tokens', countTokens],
  ['/messages', messages],
];

export const dialectOf = (path: string): MockDialect | undefined => DIALECTS.find(([suffix]) => path.endsWith(suffix))?.[1];
