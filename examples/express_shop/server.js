// The endpoint that Points delivers to, with a queue behind it, and the state of an order.
import { createHash, timingSafeEqual } from "node:crypto";
import process from "node:process";

import express from "express";

import { book, state } from "./books.js";
import { Journal } from "./journal.js";

const TELLING = ["approved", "cancelled", "refunded", "auto_refunded"];
const journal = new Journal(process.env.SHOP_JOURNAL ?? "shop.journal");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const SECRET = process.env.POINTS_WEBHOOK_SECRET;
if (!SECRET) throw new Error("POINTS_WEBHOOK_SECRET is not set");

// An amount of SAR in halalas. JSON's numbers are floats here: what is not within a hair of a whole
// halala is no amount.
function halalas(amount) {
  if (typeof amount !== "number" || amount < 0 || amount > 1e10) throw new TypeError("no amount");
  const whole = Math.round(amount * 100);
  if (Math.abs(amount * 100 - whole) > 0.001) throw new TypeError("no amount of whole halalas");
  return whole;
}

// What a delivery tells of an order, if anything. Throws for what is no delivery.
function deliveryOf(body, header) {
  const { event, order } = JSON.parse(body);
  if (typeof event !== "string" || event !== header) throw new TypeError("no event");
  if (!TELLING.includes(event)) return undefined;
  if (typeof order.id !== "string") throw new TypeError("no order");
  const back = event.includes("refunded") ? halalas(order.refund_amount) : 0;
  const digest = sha256(body).toString("hex");
  return { digest, orderId: order.id, event, total: halalas(order.total_price), back };
}

function fromPoints(request, response, next) {
  const given = request.get("x-webhook-secret") ?? "";
  if (timingSafeEqual(sha256(given), sha256(SECRET))) return next();
  return response.sendStatus(401);
}

const app = express();
app.disable("x-powered-by");

// Acknowledged once it is on the disk. An event that tells us nothing is acknowledged as well: every
// endpoint hears all of them.
const bytes = express.raw({ type: () => true, limit: "64kb" });
app.post("/webhooks/points", fromPoints, bytes, (request, response) => {
  let delivery;
  try {
    delivery = deliveryOf(request.body, request.get("x-webhook-event"));
  } catch {
    return response.sendStatus(400);
  }
  if (delivery) journal.append(delivery);
  return response.sendStatus(204);
});
app.all("/webhooks/points", (request, response) => response.sendStatus(405));

app.get("/orders/:id", (request, response) => {
  const found = state(request.params.id);
  return found ? response.json(found) : response.sendStatus(404);
});

// No stack in an answer. What could not be kept is 500: Points delivers it again.
app.use((error, request, response, next) => response.sendStatus(error.status ?? 500));

app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
for await (const delivery of journal) book(delivery);
