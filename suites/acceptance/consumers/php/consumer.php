<?php
// Receives webhooks as they should be received, with plain PHP. Each request has a process, as behind a web server.
//
// php consumer.php --provider stripe --secret whsec_S [--secret OLDER]... [--address 127.0.0.1:0]

declare(strict_types=1);

const TOLERANCE = 300; // seconds that a signed time may be from now: older requests may be recorded ones

// --- the provider: who signs how, and what is where in its events

// bodySigned checks a label and the HMAC of the body. Each secret is tried: an older one is valid for a while.
// hash_equals compares in constant time.
function bodySigned(string $label): Closure
{
    return function (string $line, string $body, array $secrets) use ($label): bool {
        $valid = false;
        foreach ($secrets as $secret) {
            $valid = hash_equals($label . hash_hmac('sha256', $body, $secret), $line) || $valid;
        }
        return $valid;
    };
}

function secretSent(string $line, string $body, array $secrets): bool
{
    $valid = false;
    foreach ($secrets as $secret) {
        $valid = hash_equals($secret, $line) || $valid;
    }
    return $valid;
}

// timeSigned checks t=SECONDS,v1=SIGNATURE,v1=…: several while a secret is replaced. Other labels do not count.
function timeSigned(string $line, string $body, array $secrets): bool
{
    [$at, $signatures] = ['', []];
    foreach (explode(',', $line) as $entry) {
        if (str_starts_with($entry, 't=')) {
            $at = substr($entry, strlen('t='));
        } elseif (str_starts_with($entry, 'v1=')) {
            $signatures[] = substr($entry, strlen('v1='));
        }
    }
    if (!preg_match('/^[0-9]{1,12}$/D', $at) || abs(time() - (int) $at) > TOLERANCE) {
        return false;
    }
    $valid = false;
    foreach ($secrets as $secret) {
        foreach ($signatures as $signature) {
            $valid = hash_equals(hash_hmac('sha256', "$at.$body", $secret), $signature) || $valid;
        }
    }
    return $valid;
}

const TRIGGERED = ['header x-subscribfy-triggered-at'];

// An entity is: what the names of its events begin with, a prefix, the places of its id, and places of times, of which
// the latest is the event's. A place is a path in the body, or a header line.
function providers(): array
{
    return [
        'neostore' => [
            'header' => 'x-neostore-signature', 'verify' => bodySigned(''), 'name' => ['__eventName'], 'id' => '__id', 'limit' => 4 << 20,
            'known' => '/^(Customer:Upserted|Pass:(Created|Installed|Uninstalled|Updated|UpdateSent)|Redirect:Redirected)$/D',
            'entities' => [
                ['Pass:', 'pass/', ['passId'], ['__creationDate']],
                ['Redirect:', 'redirect/', ['redirectId'], ['__creationDate']],
                ['Customer:', 'customer/', ['identifiers.shopifyId'], ['__creationDate']],
                ['Customer:', 'customer/', ['identifiers.email'], ['__creationDate']],
            ],
        ],
        'subscribfy' => [
            'header' => 'signature', 'verify' => bodySigned(''), 'name' => ['topic'], 'id' => null, 'limit' => 4 << 20,
            'known' => '~^(wallet_pass/(created|updated|installed|removed)'
                . '|(membership|product_subscription)/(created|updated|paused|reactivated|cancelled|billing_success|billing_failure)'
                . '|membership/store_credits_changed|loyalty/((rule|tier|coupon)_(created|updated)|coupon_redeemed|rule_completed'
                . '|points_changed|tier_changed|tier_lost))$~D',
            'entities' => [
                ['wallet_pass/', 'pass/', ['data.pass_instance.serial_number'], TRIGGERED],
                ['membership/store_credits_changed', 'customer/', ['data.customer.id'], TRIGGERED],
                ['membership/', 'membership/', ['data.membership.id'], ['data.membership.updated_at']],
                ['product_subscription/', 'product_subscription/', ['data.product_subscription.id'], ['data.product_subscription.updated_at']],
                ['loyalty/', 'customer/', ['data.customer.id'], TRIGGERED],
                ['loyalty/', 'rule/', ['data.rule.id'], ['data.rule.updated_at']],
                ['loyalty/', 'tier/', ['data.tier.id'], ['data.tier.updated_at']],
                ['loyalty/', 'coupon/', ['data.coupon.id'], ['data.coupon.updated_at']],
            ],
        ],
        'ethpass' => [
            'header' => 'authorization', 'verify' => secretSent(...), 'name' => ['event'], 'id' => null, 'limit' => 4 << 20,
            'known' => '/^pass:(create|register|unregister|expire|scan)$/D',
            // An event has no time: it is as new as the newest time in it.
            'entities' => [['pass:', 'pass/', ['result.id'], ['result.createdAt', 'result.expiredAt', 'result.lastScannedAt',
                'result.registrations.*.createdAt', 'result.registrations.*.deletedAt']]],
        ],
        'stripe' => [
            'header' => 'stripe-signature', 'verify' => timeSigned(...), 'name' => ['type'], 'id' => 'id', 'limit' => 4 << 20,
            'known' => '/^(customer\.(subscription\.)?(created|updated|deleted)|payment_intent\.(created|payment_failed|succeeded)'
                . '|charge\.(succeeded|refunded)|checkout\.session\.(completed|expired)|invoice\.(paid|payment_failed))$/D',
            'entities' => [['', 'object/', ['data.object.id'], ['created']]],
        ],
        'github' => [
            'header' => 'x-hub-signature-256', 'verify' => bodySigned('sha256='), 'name' => ['header x-github-event', 'action'],
            'id' => 'header x-github-delivery', 'limit' => 25 << 20,
            'known' => '/^(push|(issues|issue_comment|pull_request|release)\.[a-z_]+)$/D', // not ping, the handshake
            'entities' => [
                ['issue', 'issue/', ['repository.full_name', 'issue.number'], ['issue.updated_at']],
                ['pull_request.', 'pull_request/', ['repository.full_name', 'pull_request.number'], ['pull_request.updated_at']],
                ['release.', 'release/', ['repository.full_name', 'release.tag_name'], ['release.created_at', 'release.published_at']],
                ['push', 'branch/', ['repository.full_name', 'ref'], ['repository.pushed_at', 'head_commit.timestamp']],
            ],
        ],
    ];
}

// --- the event: what a verified request says

// parse reads what the consumer needs, so unknown members do not matter. It throws when that is not there.
function parse(array $provider, array $headers, string $body): array
{
    $root = json_decode($body, true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
    $event = [
        'id' => $provider['id'] === null ? hash('sha256', $body) : implode('', texts($headers, $root, [$provider['id']])),
        'name' => implode('.', texts($headers, $root, $provider['name'])),
    ];
    if ($event['id'] === '' || $event['name'] === '') {
        throw new UnexpectedValueException('the event has no id or no name');
    }
    $event['known'] = preg_match($provider['known'], $event['name']) === 1;
    if (!$event['known']) {
        return $event;
    }
    foreach ($provider['entities'] as [$events, $prefix, $places, $times]) {
        $ids = texts($headers, $root, $places);
        if (!str_starts_with($event['name'], $events) || count($ids) !== count($places)) {
            continue;
        }
        $found = array_merge(...array_map(fn ($place) => find($headers, $root, $place), $times));
        $found = array_filter(array_map(instant(...), $found), fn ($at) => $at !== null);
        if ($found === []) {
            break;
        }
        return $event + ['entity' => $prefix . implode('/', $ids), 'at' => max($found)];
    }
    throw new UnexpectedValueException('the event lacks an id or a time');
}

// find returns the values at a place that are not null; * is each element of a list.
function find(array $headers, mixed $root, string $place): array
{
    if (str_starts_with($place, 'header ')) {
        return array_slice($headers[substr($place, strlen('header '))] ?? [], 0, 1);
    }
    $found = [$root];
    foreach (explode('.', $place) as $name) {
        $next = [];
        foreach ($found as $value) {
            if ($name === '*' && is_array($value)) {
                $next = array_merge($next, array_values($value));
            } elseif (is_array($value) && isset($value[$name])) {
                $next[] = $value[$name];
            }
        }
        $found = $next;
    }
    return array_filter($found, fn ($value) => $value !== null);
}

// texts returns the texts and numbers at several places, without those that are not there.
function texts(array $headers, mixed $root, array $places): array
{
    $texts = [];
    foreach ($places as $place) {
        foreach (find($headers, $root, $place) as $value) {
            if ((is_string($value) && $value !== '') || is_int($value) || is_float($value)) {
                $texts[] = (string) $value;
                break;
            }
        }
    }
    return $texts;
}

// instant returns a time in RFC 3339 or in seconds since 1970 as seconds, or null.
function instant(mixed $value): ?float
{
    if (is_int($value) || is_string($value) && preg_match('/^[0-9]{1,12}$/D', $value)) {
        return (float) $value;
    }
    $at = is_string($value) && $value !== '' ? date_create(preg_replace('/(\.[0-9]{6})[0-9]+/', '$1', $value)) : false;
    return $at === false ? null : (float) $at->format('U.u');
}

// newer reports whether an event happened after another of its entity, whatever order they arrive in. Nothing follows a
// deletion. Of events of the same time a creation is the first; the others are ordered by name.
function newer(array $event, array $other): bool
{
    $order = fn (array $e) => [
        str_ends_with($e['name'], 'deleted'), $e['at'],
        $e['name'] === 'issue_comment.created' || !preg_match('/[^a-z]([Cc]reated?|opened)$/D', $e['name']), $e['name'],
    ];
    return $order($event) > $order($other);
}

// --- the records: files, where a real consumer has a database

// Records are the ids that had an effect, in a list, and a file for each id and entity. The lock is what a transaction
// and a unique key are in a database: no two processes record the same event.
class Records
{
    public function __construct(private string $folder)
    {
    }

    public static function create(): Records
    {
        $folder = sys_get_temp_dir() . '/consumer-' . bin2hex(random_bytes(8));
        mkdir($folder, 0700);
        array_map('mkdir', ["$folder/seen", "$folder/states"]);
        touch("$folder/ids");
        return new Records($folder);
    }

    // locked runs a function while no other process runs one.
    private function locked(Closure $do): mixed
    {
        $lock = fopen("$this->folder/lock", 'c');
        flock($lock, LOCK_EX);
        try {
            return $do();
        } finally {
            fclose($lock);
        }
    }

    // add makes the effect of an event, once.
    public function add(array $event): void
    {
        $this->locked(function () use ($event) {
            $seen = "$this->folder/seen/" . hash('sha256', $event['id']);
            if (file_exists($seen)) {
                return;
            }
            file_put_contents("$this->folder/ids", json_encode($event['id']) . "\n", FILE_APPEND);
            $file = "$this->folder/states/" . hash('sha256', $event['entity']);
            $current = file_exists($file) ? json_decode(file_get_contents($file), true) : null;
            if ($current === null || newer($event, $current)) {
                file_put_contents($file, json_encode($event));
            }
            touch($seen);
        });
    }

    public function effects(): array
    {
        return $this->locked(fn () => array_map('json_decode', file("$this->folder/ids", FILE_IGNORE_NEW_LINES)));
    }

    // state returns the name of the newest event of an entity. An id is enough if no other entity has it.
    public function state(string $entity): ?string
    {
        return $this->locked(function () use ($entity) {
            $all = array_map(fn ($file) => json_decode(file_get_contents($file), true), glob("$this->folder/states/*"));
            $found = array_values(array_filter($all, fn ($e) => str_ends_with('/' . $e['entity'], "/$entity")));
            return count($found) === 1 ? $found[0]['name'] : null;
        });
    }

    public function remove(): void
    {
        foreach (glob("$this->folder/{,*/}*", GLOB_BRACE) as $path) {
            is_dir($path) || unlink($path);
        }
        array_map('rmdir', ["$this->folder/seen", "$this->folder/states", $this->folder]);
    }
}

// --- the request

// receive handles one webhook and returns the status of the response.
function receive(array $provider, array $secrets, Records $records, string $method, array $headers, ?string $body): int
{
    if ($method !== 'POST') {
        return 405;
    }
    if (isset($headers['content-encoding'])) { // no provider of the table compresses
        return 415;
    }
    if ($body === null) {
        return 413;
    }
    $lines = $headers[$provider['header']] ?? [];
    // A repeated header is refused: programs in front of this one may read another of its lines.
    if (count($lines) !== 1 || !$provider['verify']($lines[0], $body, $secrets)) {
        return 401;
    }
    try {
        $event = parse($provider, $headers, $body);
    } catch (JsonException | UnexpectedValueException) {
        return 400; // the sender is the provider, but it will never send another body
    }
    if ($event['known']) { // others are acknowledged: providers add events, and send again what is not acknowledged
        $records->add($event);
    }
    return 204;
}

// respond returns the status and the value of the response to any request.
function respond(array $provider, array $secrets, Records $records, Request $request): array
{
    $path = rawurldecode(explode('?', $request->target)[0]);
    return match (true) {
        $path === '/hooks', $path === '/hooks/' => [
            // No more than the status: details would help a forger.
            receive($provider, $secrets, $records, $request->method, $request->headers, $request->body($provider['limit'])), null,
        ],
        $path === '/effects' => [200, ['count' => count($ids = $records->effects()), 'ids' => $ids]],
        str_starts_with($path, '/states/') => [200, ['state' => $records->state(substr($path, strlen('/states/')))]],
        $path === '/healthz' => [200, ['status' => 'ok']],
        default => [404, null],
    };
}

// --- HTTP, which a web server does elsewhere

class Refused extends Exception
{
}

// Request reads one request from a connection, before the deadline: a sender that stops does not keep its process.
class Request
{
    public string $method = '';
    public string $target = '';
    public array $headers = []; // the lines by name in lower case

    private float $deadline;

    public function __construct(private $connection, int $limit)
    {
        $this->deadline = microtime(true) + $limit;
        if (!preg_match('~^([A-Z]+) (\S+) HTTP/1\.[01]$~D', $this->line(), $start)) {
            throw new Refused('no request line', 400);
        }
        [, $this->method, $this->target] = $start;
        for ($size = 0; ($line = $this->line()) !== ''; $size += strlen($line)) {
            [$name, $value] = explode(':', $line, 2) + [1 => null];
            if ($value === null || $size > 64 << 10) {
                throw new Refused('no header line, or too many', 400);
            }
            $this->headers[strtolower($name)][] = trim($value);
        }
        if (strtolower($this->headers['expect'][0] ?? '') === '100-continue') {
            fwrite($connection, "HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    // body returns the raw bytes of the body, which are signed. It may come in chunks, without a length. A body that is too
    // large is read all the same, and is null: a sender that is still sending would miss the response.
    public function body(int $limit): ?string
    {
        $chunked = str_contains(strtolower($this->headers['transfer-encoding'][0] ?? ''), 'chunked');
        [$body, $size] = ['', 0];
        do {
            $length = $chunked ? explode(';', $this->line())[0] : $this->headers['content-length'][0] ?? '0';
            if (!preg_match($chunked ? '/^[0-9A-Fa-f]{1,8}$/D' : '/^[0-9]{1,18}$/D', trim($length))) {
                throw new Refused('no length', 400);
            }
            $left = $chunked ? (int) hexdec(trim($length)) : (int) $length;
            $more = $chunked && $left > 0;
            while ($left > 0) {
                $part = $this->read(fn () => fread($this->connection, min($left, 1 << 16)));
                [$size, $left] = [$size + strlen($part), $left - strlen($part)];
                $body .= $size <= $limit ? $part : '';
            }
        } while ($more && $this->line() === '');
        return $size <= $limit ? $body : null;
    }

    private function line(): string
    {
        return rtrim($this->read(fn () => fgets($this->connection, 64 << 10)), "\r\n");
    }

    private function read(Closure $read): string
    {
        $left = $this->deadline - microtime(true);
        stream_set_timeout($this->connection, max((int) $left, 0), max((int) (fmod($left, 1) * 1e6), 1));
        $bytes = $left > 0 ? $read() : false;
        if ($bytes === false || $bytes === '') {
            throw new Refused('half a request', 400);
        }
        return $bytes;
    }
}

// handle answers one request, for which the sender has a limit of seconds.
function handle($connection, int $limit, array $provider, array $secrets, Records $records): void
{
    try {
        [$status, $value] = respond($provider, $secrets, $records, new Request($connection, $limit));
    } catch (Refused $refused) {
        [$status, $value] = [$refused->getCode(), null];
    }
    $text = $value === null ? '' : json_encode($value);
    $head = "HTTP/1.1 $status \r\nConnection: close\r\n" . ($status === 405 ? "Allow: POST\r\n" : '');
    $head .= $status === 204 ? '' : "Content-Type: application/json\r\nContent-Length: " . strlen($text) . "\r\n";
    fwrite($connection, "$head\r\n$text");
}

function main(array $arguments): void
{
    [$address, $name, $secrets, $limit] = ['127.0.0.1:0', '', [], 10];
    for ($i = 1; $i + 1 < count($arguments); $i += 2) {
        match ($arguments[$i]) {
            '--address' => $address = $arguments[$i + 1],
            '--provider' => $name = $arguments[$i + 1],
            '--secret' => $secrets[] = $arguments[$i + 1],
            '--limit' => $limit = (int) $arguments[$i + 1],
            default => exit("unknown flag $arguments[$i]\n"),
        };
    }
    $provider = providers()[$name] ?? null;
    if ($provider === null || $secrets === [] || in_array('', $secrets, true)) {
        fwrite(STDERR, 'want --provider, one of ' . implode(', ', array_keys(providers()))
            . ", and --secret, which is not empty: anybody could sign with an empty secret\n");
        exit(2);
    }
    ini_set('memory_limit', '256M');
    $context = stream_context_create(['socket' => ['backlog' => 1024]]);
    $server = stream_socket_server("tcp://$address", $number, $problem, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context);
    if ($server === false) {
        fwrite(STDERR, "$problem\n");
        exit(1);
    }
    $records = Records::create();
    pcntl_signal(SIGCHLD, SIG_IGN); // nobody waits for the processes of requests
    pcntl_async_signals(true);
    foreach ([SIGTERM, SIGINT] as $signal) {
        pcntl_signal($signal, function () use ($records) {
            $records->remove();
            exit;
        });
    }
    echo 'listening on http://', stream_socket_get_name($server, false), "/hooks\n";
    while (true) {
        $connection = @stream_socket_accept($server, 3600);
        if ($connection === false) {
            continue; // a signal, or nobody for an hour
        }
        if (pcntl_fork() === 0) {
            fclose($server);
            pcntl_signal(SIGTERM, SIG_DFL);
            pcntl_signal(SIGINT, SIG_DFL);
            handle($connection, $limit, $provider, $secrets, $records);
            exit;
        }
        fclose($connection);
    }
}

main($argv);
