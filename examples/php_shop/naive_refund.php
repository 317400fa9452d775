<?php
// A client that repeats whatever failed, and what it costs: do not copy it.
//
// There is no idempotency key: a partial refund whose answer was lost is refunded twice.
$url = getenv('POINTS_BASE_URL') . '/orders/' . getenv('POINTS_ORDER_UUID') . '/' . getenv('POINTS_OPERATION');
$body = [];
if (getenv('POINTS_AMOUNT') !== false) {
    $body['amount'] = (float) getenv('POINTS_AMOUNT');
}
if (getenv('POINTS_REASON') !== false) {
    $body['reason'] = getenv('POINTS_REASON');
}
for ($tries = 0; $tries < 3; $tries++) {
    $curl = curl_init($url);
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 5,
        CURLOPT_POSTFIELDS => json_encode((object) $body),
        CURLOPT_HTTPHEADER => ['x-api-key: ' . getenv('POINTS_API_KEY'), 'Content-Type: application/json'],
    ]);
    curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($status > 0 && $status < 500) {
        exit($status === 200 ? 0 : 10);
    }
}
exit(11);
