<?php
// One cancel or refund as the environment says, with curl: each once, and a truthful word of what
// came of it. Exit status: 0 done once, 10 refused by the API, 11 unknown.
//
// The API has no idempotency key. So the order is read before a call, and again after an unclear
// answer; a partial refund that may have been carried out is never sent again.
declare(strict_types=1);

const DONE = 0;
const REFUSED = 10;
const UNKNOWN = 11;
const KNOWN = ['new', 'approved', 'authorized', 'captured',
    'cancelled', 'partially_refunded', 'fully_refunded'];
// Seconds: for one call, and for all of them with their waits.
const TIMEOUT = 10;
const PATIENCE = 30;

define('END', microtime(true) + PATIENCE);
define('ORDER', rtrim(getenv('POINTS_BASE_URL'), '/')
    . '/orders/' . rawurlencode(getenv('POINTS_ORDER_UUID')));

// One request, a POST where there is a body: its status (0 without an answer), curl's error, the
// body and Retry-After. No redirect is followed, and certificates are verified.
function send(string $path, ?string $body): array
{
    $retryAfter = '';
    $curl = curl_init(ORDER . $path);
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_NOPROXY => '*',
        CURLOPT_TIMEOUT_MS => (int) max(100, 1000 * min(TIMEOUT, END - microtime(true))),
        CURLOPT_HTTPHEADER => ['x-api-key: ' . getenv('POINTS_API_KEY'),
            'Content-Type: application/json', 'Expect:'],
        CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$retryAfter): int {
            if (preg_match('/^retry-after:\s*(.*?)\s*$/i', $line, $parts)) {
                $retryAfter = $parts[1];
            }
            return strlen($line);
        },
    ]);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    }
    if (getenv('POINTS_CA_FILE')) {
        curl_setopt($curl, CURLOPT_CAINFO, getenv('POINTS_CA_FILE'));
    }
    $content = curl_exec($curl);
    $error = curl_errno($curl);
    return [
        'status' => $error === 0 ? curl_getinfo($curl, CURLINFO_RESPONSE_CODE) : 0,
        'error' => $error,
        'connected' => curl_getinfo($curl, CURLINFO_PRETRANSFER_TIME_T) > 0,
        'body' => is_string($content) ? $content : '',
        'retryAfter' => $retryAfter,
    ];
}

// One call, again only while it certainly was not carried out: 429, no connection.
function call(string $path, ?string $body = null): array
{
    $answer = send($path, $body);
    foreach ([0.5, 1.0] as $backoff) {
        $pause = max(told_to_wait($answer['retryAfter']), $backoff);
        if (!turned_away($answer) || microtime(true) + $pause > END - 1) {
            break;
        }
        usleep((int) ($pause * 1e6));
        $answer = send($path, $body);
    }
    return $answer;
}

// Seconds: a number, or until a date.
function told_to_wait(string $text): float
{
    if (preg_match('/^[0-9]{1,9}$/', $text)) {
        return (float) $text;
    }
    $at = $text === '' ? false : strtotime($text);
    return $at === false ? 0.0 : $at - microtime(true);
}

function turned_away(array $answer): bool
{
    return $answer['status'] === 429 || ($answer['error'] !== 0 && !$answer['connected']);
}

function refused(array $answer): bool
{
    $status = $answer['status'];
    return $status >= 400 && $status < 500 && $status !== 408 && $status !== 429;
}

// Whether the call is over at the other end: after a timeout it may come yet.
function has_ended(array $answer): bool
{
    return in_array($answer['status'], [500, 502, 503], true)
        || in_array($answer['error'], [CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE], true);
}

// The order's status, where the answer is a success that shows this order.
function status_in(array $answer): ?string
{
    $envelope = $answer['status'] === 200 ? json_decode($answer['body'], true) : null;
    if (($envelope['status'] ?? null) !== true) {
        return null;
    }
    $order = $envelope['data'] ?? null;
    $order = isset($order['order_status']) ? $order : ($order['data'] ?? null);
    $uuid = $order['uuid'] ?? getenv('POINTS_ORDER_UUID');
    $right = is_string($uuid) && strcasecmp($uuid, getenv('POINTS_ORDER_UUID')) === 0;
    $status = $order['order_status'] ?? null;
    return $right && in_array($status, KNOWN, true) ? $status : null;
}

// What is not given is absent. The amount is written as it was given: it never is a float.
function body(?string $amount, ?string $reason): string
{
    $fields = [];
    if ($amount !== null) {
        if (!preg_match('/^[0-9]+(\.[0-9]+)?$/D', $amount)) {
            fwrite(STDERR, "POINTS_AMOUNT is no amount: $amount\n");
            exit(2);
        }
        $fields[] = "\"amount\": $amount";
    }
    if ($reason !== null && $reason !== '') {
        preg_match('/^.{0,500}/su', $reason, $first); // characters, not bytes
        $fields[] = '"reason": ' . json_encode($first[0] ?? '');
    }
    return '{' . implode(', ', $fields) . '}';
}

// Read, call, and read again where the answer is unclear.
function carry_out(string $path, string $body, array $goals, bool $part): int
{
    $first = call('');
    if (turned_away($first)) {
        return UNKNOWN;
    }
    $before = status_in($first);
    for ($tries = 0; $tries < 3 && microtime(true) < END - TIMEOUT; $tries++) {
        usleep($tries * 500_000);
        $answer = call($path, $body);
        if (in_array(status_in($answer), $goals, true)) {
            return DONE;
        }
        if (refused($answer) && $tries === 0) {
            return REFUSED; // later it may be refused for what the first call did
        }
        if (turned_away($answer)) {
            return UNKNOWN;
        }
        $after = status_in(call(''));
        if ($before === null || $after === null) {
            return UNKNOWN;
        }
        if ($after !== $before) {
            return in_array($after, $goals, true) ? DONE : UNKNOWN;
        }
        if (in_array($after, $goals, true) || ($part && !has_ended($answer))) {
            return UNKNOWN; // a second part shows nowhere, and a late one not yet
        }
    }
    return UNKNOWN;
}

$operation = getenv('POINTS_OPERATION');
$amount = getenv('POINTS_AMOUNT') === false ? null : getenv('POINTS_AMOUNT');
$goals = $operation === 'cancel' ? ['cancelled'] : ['fully_refunded'];
if ($amount !== null) {
    $goals[] = 'partially_refunded';
}
$body = body($amount, getenv('POINTS_REASON') ?: null);
$outcome = carry_out("/$operation", $body, $goals, $amount !== null);
echo [DONE => 'done', REFUSED => 'refused', UNKNOWN => 'unknown'][$outcome], "\n";
exit($outcome);
