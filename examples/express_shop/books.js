// What the shop knows of its orders: sums and flags, in halalas. No order of arrival matters.
const orders = new Map();

export function book({ orderId, event, total, back }) {
  const order = orders.get(orderId) ?? { total, refunded: 0, cancelled: false };
  order.refunded += back;
  order.cancelled ||= event === "cancelled";
  orders.set(orderId, order);
}

// The state of an order, or undefined for one that nobody told us of.
export function state(orderId) {
  const order = orders.get(orderId);
  return order && { order_status: status(order), refunded_amount: order.refunded };
}

function status({ total, refunded, cancelled }) {
  if (cancelled) return "cancelled";
  if (refunded === 0) return "approved";
  return refunded >= total ? "fully_refunded" : "partially_refunded";
}
