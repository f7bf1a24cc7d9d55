<?php
// The program under test: it welcomes the owner of every pass that is installed. It receives the
// events of The Wallet Crew and tells the CRM, with a webhook, whom to welcome. Run it:
// WEBHOOK_SECRET=S CRM=http://127.0.0.1:8081/crm SEEN=/tmp/seen php -S 127.0.0.1:3000 consumer.php

$body = file_get_contents('php://input');
$want = hash_hmac('sha256', $body, getenv('WEBHOOK_SECRET'));
if (!hash_equals($want, $_SERVER['HTTP_X_NEOSTORE_SIGNATURE'] ?? '')) {
    http_response_code(401);
    return;
}
$event = json_decode($body, true);
if ($event['__eventName'] === 'Pass:Installed' && @mkdir(getenv('SEEN') . '/' . hash('sha256', $event['__id']))) { // false: it was there
    $message = ['type' => 'welcome', 'pass' => $event['passId']];
    file_get_contents(getenv('CRM'), false, stream_context_create(['http' => [
        'method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => json_encode($message),
    ]]));
}
http_response_code(204);
