/**
 * What an answer says before its body, as plain values: each look at the runtime's own objects is a crossing, and each such object is one
 * more for its collector.
 */
export interface AnswerHead {
  readonly status: number;
  /** By lower-cased name. */
  readonly headers: ReadonlyMap<string, string>;
}

export function headOf(response: Response): AnswerHead {
  const headers = new Map<string, string>();
  // One crossing for all, where an iterator takes one for each.
  response.headers.forEach((value, name) => {
    headers.set(name, value);
  });
  return { status: response.status, headers };
}
