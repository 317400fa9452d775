<?php
// A consumer as the documentation can be read, and what it costs: do not copy it.
//
// It drops repeats of (order, event), which two partial refunds of one order share; it believes the
// newest delivery; and it counts in floats.
$database = new PDO('sqlite:' . (getenv('SHOP_DATABASE') ?: __DIR__ . '/naive.db'), options: [PDO::ATTR_TIMEOUT => 5]);
$database->exec('create table if not exists seen (id, event, primary key (id, event))');
$database->exec('create table if not exists orders (id primary key, status, refunded real)');

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($_SERVER['REQUEST_METHOD'] === 'GET' && str_starts_with($path, '/orders/')) {
    $found = $database->prepare('select status as order_status, refunded as refunded_amount from orders where id = ?');
    $found->execute([basename($path)]);
    $order = $found->fetch(PDO::FETCH_ASSOC);
    http_response_code($order ? 200 : 404);
    echo json_encode($order ?: null);
    exit;
}
if (($_SERVER['HTTP_X_WEBHOOK_SECRET'] ?? '') !== getenv('POINTS_WEBHOOK_SECRET')) {
    http_response_code(401);
    exit;
}
$payload = json_decode(file_get_contents('php://input'), true);
$order = $payload['order'] ?? null;
if (!$order) {
    http_response_code(400);
    exit;
}
$seen = $database->prepare('insert or ignore into seen values (?, ?)');
$seen->execute([$order['id'], $payload['event']]);
if ($seen->rowCount()) { // the second refund of an order is lost here
    $database->prepare('insert into orders values (?, ?, ?) on conflict (id)'
        . ' do update set status = excluded.status, refunded = refunded + excluded.refunded')
        ->execute([$order['id'], $order['order_status'], $order['refund_amount'] ?? 0]);
}
http_response_code(204);
