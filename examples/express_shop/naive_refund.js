// A client that repeats whatever failed, and what it costs: do not copy it.
//
// There is no idempotency key: a partial refund whose answer was lost is refunded twice.
import process from "node:process";

const env = process.env;
const url = `${env.POINTS_BASE_URL}/orders/${env.POINTS_ORDER_UUID}/${env.POINTS_OPERATION}`;
const amount = env.POINTS_AMOUNT && Number(env.POINTS_AMOUNT);
for (let tries = 0; tries < 3; tries += 1) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "x-api-key": env.POINTS_API_KEY, "content-type": "application/json" },
      body: JSON.stringify({ amount, reason: env.POINTS_REASON }),
      signal: AbortSignal.timeout(5000),
    });
    if (answer.status < 500) process.exit(answer.ok ? 0 : 10);
  } catch {
    // It may have been carried out.
  }
}
process.exit(11);
