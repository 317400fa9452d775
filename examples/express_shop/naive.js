// A consumer as the documentation can be read, and what it costs: do not copy it.
//
// It drops repeats of (order, event), which two partial refunds of one order share; it acknowledges
// before anything is kept; and it believes the newest delivery.
import process from "node:process";

import express from "express";

const seen = new Set();
const orders = new Map();
const queue = [];

const app = express();
app.post("/webhooks/points", express.json(), (request, response) => {
  if (request.get("x-webhook-secret") !== process.env.POINTS_WEBHOOK_SECRET) {
    return response.sendStatus(401);
  }
  const { event, order } = request.body ?? {};
  if (!order) return response.sendStatus(400);
  if (!seen.has(`${order.id} ${event}`)) queue.push(order); // the second refund is lost here
  seen.add(`${order.id} ${event}`);
  return response.sendStatus(204);
});
app.get("/orders/:id", (request, response) => {
  const order = orders.get(request.params.id);
  return order ? response.json(order) : response.sendStatus(404);
});
app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");

setInterval(() => {
  for (const order of queue.splice(0)) {
    const refunded = (orders.get(order.id)?.refunded_amount ?? 0) + (order.refund_amount ?? 0);
    orders.set(order.id, { order_status: order.order_status, refunded_amount: refunded });
  }
}, 20);
