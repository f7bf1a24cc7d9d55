<?php
// Receives the webhooks of Stripe. Run it: WEBHOOK_SECRET=S php -S 127.0.0.1:3000 handler.php

const TOLERANCE = 300; // seconds that a timestamp may be from now
$secret = (string) getenv('WEBHOOK_SECRET');
if ($secret === '') {
    http_response_code(500); // anybody could sign with an empty secret
    exit("WEBHOOK_SECRET is not set\n");
}

// signed reports whether one of the signatures in the header is valid and its timestamp is recent.
function signed(string $header, string $body, string $secret): bool
{
    $timestamp = '';
    $signatures = [];
    foreach (explode(',', $header) as $entry) {
        if (str_starts_with($entry, 't=')) {
            $timestamp = substr($entry, strlen('t='));
        } elseif (str_starts_with($entry, 'v1=')) {
            $signatures[] = substr($entry, strlen('v1=')); // several while a secret is replaced
        }
    }
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > TOLERANCE) {
        return false;
    }
    $want = hash_hmac('sha256', $timestamp . '.' . $body, $secret);
    foreach ($signatures as $signature) {
        if (hash_equals($want, $signature)) { // in constant time
            return true;
        }
    }
    return false;
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    header('Allow: POST', true, 405);
    exit;
}
$body = file_get_contents('php://input'); // the raw bytes: they are signed
if (!signed($_SERVER['HTTP_STRIPE_SIGNATURE'] ?? '', $body, $secret)) {
    http_response_code(401);
    exit("bad signature\n");
}
if (json_decode($body) === null) {
    http_response_code(400); // no retry mends it
    exit("the body is not JSON\n");
}
// Queue the body, respond at once, work later. An event that comes again has the same id, in the body's /id.
http_response_code(204);
