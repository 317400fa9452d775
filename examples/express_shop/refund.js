// One cancel or refund as the environment says, with Node's own fetch: each once, and a truthful
// word of what came of it. Exit status: 0 done once, 10 refused by the API, 11 unknown.
//
// The API has no idempotency key. So the order is read before a call, and again after an unclear
// answer; a partial refund that may have been carried out is never sent again.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const [DONE, REFUSED, UNKNOWN] = [0, 10, 11];
const KNOWN = ["new", "approved", "authorized", "captured"];
KNOWN.push("cancelled", "partially_refunded", "fully_refunded");
// Milliseconds: for one call with all of its answer, and for all of them with their waits.
const TIMEOUT = 10_000;
const END = Date.now() + 30_000;
// Errors that come before anything was sent, and after which the call is over at the other end.
const NOT_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];
const BROKEN = ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"];

const env = process.env;
const ORDER = `${env.POINTS_BASE_URL.replace(/\/$/, "")}/orders/${encodeURIComponent(env.POINTS_ORDER_UUID)}`;

// One request, a POST where there is a body. No redirect is followed: the key is for this host.
async function send(path, body) {
  try {
    const answer = await fetch(ORDER + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "x-api-key": env.POINTS_API_KEY, "content-type": "application/json" },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(Math.max(100, Math.min(TIMEOUT, END - Date.now()))),
    });
    const retryAfter = answer.headers.get("retry-after") ?? "";
    return { status: answer.status, retryAfter, text: await answer.text() };
  } catch (error) {
    return { status: 0, retryAfter: "", why: error.cause?.code ?? error.code };
  }
}

// One call, again only while it certainly was not carried out: 429, no connection.
async function call(path, body) {
  let answer = await send(path, body);
  for (const backoff of [500, 1000]) {
    const pause = Math.max(toldToWait(answer.retryAfter), backoff);
    if (!turnedAway(answer) || Date.now() + pause > END - 1000) break;
    await sleep(pause);
    answer = await send(path, body);
  }
  return answer;
}

// Milliseconds: a number of seconds, or until a date.
function toldToWait(text) {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : at - Date.now();
}

const turnedAway = ({ status, why }) => status === 429 || NOT_SENT.includes(why);
const refused = ({ status }) => status >= 400 && status < 500 && status !== 408 && status !== 429;
// After a timeout it may come yet.
const hasEnded = ({ status, why }) => [500, 502, 503].includes(status) || BROKEN.includes(why);

// The order's status, where the answer is a success that shows this order.
function statusIn({ status, text }) {
  if (status !== 200) return undefined;
  try {
    const envelope = JSON.parse(text);
    const data = envelope.status === true ? envelope.data : {};
    const order = "order_status" in data ? data : data.data;
    const uuid = order.uuid ?? env.POINTS_ORDER_UUID;
    const right = uuid.toLowerCase() === env.POINTS_ORDER_UUID.toLowerCase();
    return right && KNOWN.includes(order.order_status) ? order.order_status : undefined;
  } catch {
    return undefined;
  }
}

// What is not given is absent. The amount is written as it was given: as a number it would be a
// float.
function bodyOf(amount, reason) {
  const fields = [];
  if (amount !== undefined) {
    if (!/^[0-9]+(\.[0-9]+)?$/.test(amount)) throw new Error(`no amount: ${amount}`);
    fields.push(`"amount": ${amount}`);
  }
  // Characters, not UTF-16 units.
  if (reason) fields.push(`"reason": ${JSON.stringify([...reason].slice(0, 500).join(""))}`);
  return `{${fields.join(", ")}}`;
}

// Read, call, and read again where the answer is unclear.
async function carryOut(path, body, goals, part) {
  const first = await call("");
  if (turnedAway(first)) return UNKNOWN;
  const before = statusIn(first);
  for (let tries = 0; tries < 3 && Date.now() < END - TIMEOUT; tries += 1) {
    await sleep(500 * tries);
    const answer = await call(path, body);
    if (goals.includes(statusIn(answer))) return DONE;
    // Later it may be refused for what the first call did.
    if (refused(answer) && tries === 0) return REFUSED;
    if (turnedAway(answer)) return UNKNOWN;
    const after = statusIn(await call(""));
    if (before === undefined || after === undefined) return UNKNOWN;
    if (after !== before) return goals.includes(after) ? DONE : UNKNOWN;
    // A second part shows nowhere, and a late one not yet.
    if (goals.includes(after) || (part && !hasEnded(answer))) return UNKNOWN;
  }
  return UNKNOWN;
}

const goals = env.POINTS_OPERATION === "cancel" ? ["cancelled"] : ["fully_refunded"];
const part = env.POINTS_AMOUNT !== undefined;
if (part) goals.push("partially_refunded");
const body = bodyOf(env.POINTS_AMOUNT, env.POINTS_REASON);
const outcome = await carryOut(`/${env.POINTS_OPERATION}`, body, goals, part);
console.log({ [DONE]: "done", [REFUSED]: "refused", [UNKNOWN]: "unknown" }[outcome]);
process.exit(outcome);
