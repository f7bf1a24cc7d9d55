<?php
// The program under test: it welcomes the owner of every pass that is installed. It receives the
// events of The Wallet Crew and tells the CRM, with a webhook, whom to welcome. Run it:
// WEBHOOK_SECRET=S CRM=http://127.0.0.1:8081/crm SEEN=/tmp/seen php -S 127.0.0.1:3000 consumer.php

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    header('Allow: POST', true, 405);
    return;
}
$body = file_get_contents('php://input');
$want = hash_hmac('sha256', $body, getenv('WEBHOOK_SECRET'));
if (!hash_equals($want, $_SERVER['HTTP_X_NEOSTORE_SIGNATURE'] ?? '')) {
    http_response_code(401);
    return;
}
$event = json_decode($body, true);
if (!isset($event['__eventName'], $event['__id'])) {
    http_response_code(400); // it is not JSON, or no event: no retry mends it
    return;
}
$mark = getenv('SEEN') . '/' . hash('sha256', $event['__id']);
if ($event['__eventName'] === 'Pass:Installed' && @mkdir($mark)) { // false: it was there
    $message = ['type' => 'welcome', 'pass' => $event['passId'] ?? null];
    $told = file_get_contents(getenv('CRM'), false, stream_context_create(['http' => [
        'method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => json_encode($message),
    ]]));
    if ($told === false) {
        rmdir($mark);
        http_response_code(500); // the event comes again
        return;
    }
}
http_response_code(204);
