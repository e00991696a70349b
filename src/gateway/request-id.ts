/** The id that people see: the caller's if it is a UUID of any version (RFC 9562), else the call's own. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function readRequestId(asked: string | undefined, callId: string, warn: (sentence: string) => void): string {
  if (asked === undefined) return callId;
  if (UUID.test(asked.trim())) return asked.trim().toLowerCase();
  warn("Helicone-Request-Id: no UUID, replaced by an id of Weir's own");
  return callId;
}
