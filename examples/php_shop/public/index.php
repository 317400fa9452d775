<?php
// The endpoint that Points delivers to, and the state of an order.
declare(strict_types=1);

require __DIR__ . '/../src/books.php';

const TELLING = ['approved', 'cancelled', 'refunded', 'auto_refunded'];
const LARGEST = 65536;

// An amount of SAR in halalas. JSON's numbers are floats here: what is not within a hair of a whole
// halala is no amount.
function halalas(mixed $amount): int
{
    if ((!is_int($amount) && !is_float($amount)) || $amount < 0 || $amount > 1e10) {
        throw new UnexpectedValueException('no amount');
    }
    $whole = (int) round($amount * 100);
    if (abs($amount * 100 - $whole) > 0.001) {
        throw new UnexpectedValueException('no amount of whole halalas');
    }
    return $whole;
}

// Status of the answer to a delivery. An event that tells us nothing is acknowledged as well: every
// endpoint hears all of them.
function take(string $body): int
{
    $secret = getenv('POINTS_WEBHOOK_SECRET');
    if (!$secret || !hash_equals($secret, $_SERVER['HTTP_X_WEBHOOK_SECRET'] ?? '')) {
        return 401;
    }
    $payload = strlen($body) <= LARGEST ? json_decode($body, true) : null;
    $event = $payload['event'] ?? null;
    if (!is_string($event) || $event !== ($_SERVER['HTTP_X_WEBHOOK_EVENT'] ?? null)) {
        return 400;
    }
    if (!in_array($event, TELLING, true)) {
        return 204;
    }
    $order = $payload['order'] ?? null;
    try {
        $id = is_string($order['id'] ?? null) ? $order['id'] : throw new UnexpectedValueException();
        $total = halalas($order['total_price'] ?? null);
        $back = str_contains($event, 'refunded') ? halalas($order['refund_amount'] ?? null) : 0;
    } catch (UnexpectedValueException) {
        return 400;
    }
    book(hash('sha256', $body), $id, $event, $total, $back);
    return 204;
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/';
$method = $_SERVER['REQUEST_METHOD'];
if ($path === '/webhooks/points') {
    http_response_code($method === 'POST' ? take(file_get_contents('php://input')) : 405);
} elseif ($method === 'GET' && preg_match('#^/orders/([^/]+)$#', $path, $parts)) {
    $state = state(rawurldecode($parts[1]));
    http_response_code($state === null ? 404 : 200);
    header('Content-Type: application/json');
    echo json_encode($state);
} else {
    http_response_code(404);
}
