// Cancel or refund an order once with Node's own fetch, and say truthfully what came of it.
//
// The API has no idempotency key, so what may have been carried out is never sent again. Exit
// status: 0 done once, 10 refused by the API, 11 unknown (wait for the webhook, or ask a person).
//
//   points-conformance client --command "node examples/client_node.mjs"
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const DONE = 0;
const REFUSED = 10;
const UNKNOWN = 11;
// Milliseconds: for one call with all of its answer, and after which no call is sent again.
const TIMEOUT = 10_000;
const PATIENCE = 20_000;
// Errors that come before anything was sent.
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

const env = process.env;

// What is not given is absent. The amount is written into the text as it was given: as a number of
// JavaScript it would be a float.
function body() {
  const fields = [];
  if (env.POINTS_AMOUNT !== undefined) {
    if (!/^[0-9]+(\.[0-9]+)?$/.test(env.POINTS_AMOUNT)) {
      console.error(`POINTS_AMOUNT is no amount: ${env.POINTS_AMOUNT}`);
      process.exit(2);
    }
    fields.push(`"amount": ${env.POINTS_AMOUNT}`);
  }
  if (env.POINTS_REASON) {
    const reason = [...env.POINTS_REASON].slice(0, 500).join(""); // characters, not UTF-16 units
    fields.push(`"reason": ${JSON.stringify(reason)}`);
  }
  return `{${fields.join(", ")}}`;
}

// One POST: the status, Retry-After and the text; or what there is of an error. No redirect is
// followed: the key is for this host alone.
async function send(url) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "x-api-key": env.POINTS_API_KEY, "content-type": "application/json" },
      body: body(),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const retryAfter = answer.headers.get("retry-after") ?? "";
    return { status: answer.status, retryAfter, text: await answer.text() };
  } catch (error) {
    return { status: 0, retryAfter: "", notSent: NOT_SENT.has(error.cause?.code) };
  }
}

// Milliseconds: a number of seconds, or until a date.
function toldToWait(text) {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : at - Date.now();
}

// Again only after 429 or without a connection: both were certainly not carried out.
async function sendUntilLetIn(url) {
  const started = Date.now();
  for (let backoff = 500; ; backoff *= 2) {
    const answer = await send(url);
    const pause = Math.max(toldToWait(answer.retryAfter), backoff);
    const again = answer.status === 429 || answer.notSent;
    if (!again || backoff > 2000 || Date.now() - started + pause > PATIENCE) return answer;
    await sleep(pause);
  }
}

// Done only where the answer shows this order as it should be by now.
function meaning({ status, text }, goals) {
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return REFUSED;
  if (status !== 200) return UNKNOWN;
  try {
    const envelope = JSON.parse(text);
    const data = envelope.status === true ? envelope.data : {};
    const order = "order_status" in data ? data : data.data;
    const uuid = order.uuid ?? env.POINTS_ORDER_UUID;
    const right = uuid.toLowerCase() === env.POINTS_ORDER_UUID.toLowerCase();
    return right && goals.includes(order.order_status) ? DONE : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

const base = env.POINTS_BASE_URL.replace(/\/$/, "");
const uuid = encodeURIComponent(env.POINTS_ORDER_UUID);
const goals = env.POINTS_OPERATION === "cancel" ? ["cancelled"] : ["fully_refunded"];
if (env.POINTS_AMOUNT !== undefined) goals.push("partially_refunded");
const answer = await sendUntilLetIn(`${base}/orders/${uuid}/${env.POINTS_OPERATION}`);
const outcome = meaning(answer, goals);
console.log({ [DONE]: "done", [REFUSED]: "refused", [UNKNOWN]: "unknown" }[outcome]);
process.exit(outcome);
