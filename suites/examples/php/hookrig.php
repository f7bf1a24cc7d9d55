<?php
// What a test needs of `hookrig serve`, in plain PHP. Copy it into your tests.

namespace Hookrig;

final class Failure extends \Exception
{
}

/** Calls the API. Returns the status and the decoded response. */
function call(string $method, string $path, ?array $body = null): array
{
    $server = getenv('HOOKRIG_SERVER') ?: 'http://127.0.0.1:8080';
    $headers = ['Content-Type: application/json'];
    if ($token = getenv('HOOKRIG_TOKEN')) { // of a server that asks for one
        $headers[] = "Authorization: Bearer $token";
    }
    $response = file_get_contents("$server/api/v1/$path", false, stream_context_create(['http' => [
        'method' => $method, 'header' => $headers, 'content' => $body === null ? '' : json_encode($body), 'ignore_errors' => true,
    ]]));
    if ($response === false) {
        throw new \RuntimeException("nothing answers at $server: start hookrig serve");
    }
    $status = (int) explode(' ', $http_response_header[0])[1];
    if ($status >= 400 && $status !== 408) { // 408: a wait that ran out of time
        throw new \RuntimeException("$method $path: $status $response");
    }
    return [$status, json_decode($response, true)];
}

/**
 * Sends an event, as `hookrig send` does, and checks the consumer's status: 401, '2xx'. Options:
 * to, secret, set, faults, seed, tenant.
 */
function send(string $provider, string $event, array $options, int|string $expect = '2xx'): array
{
    [, $sent] = call('POST', "providers/$provider/send", ['event' => $event] + $options);
    $attempt = end($sent['items'][0]['attempts']);
    $got = (string) ($attempt['status'] ?: $attempt['outcome']);
    if ($got !== (string) $expect && $got[0] . 'xx' !== $expect) {
        throw new Failure("$event to $options[to]: want $expect, got $got " . ($attempt['error'] ?? ''));
    }
    return $sent['items'][0];
}

/** A URL that records what is sent to it. Its name is new, so tests do not disturb each other. */
final class Bin
{
    public readonly string $name;
    public readonly string $url;

    public function __construct(string $name)
    {
        $this->name = $name . '-' . bin2hex(random_bytes(4));
        $this->url = call('GET', 'server')[1]['capture'] . '/' . $this->name;
    }

    /**
     * Returns the captures that match a jq condition, as soon as there are so many. Options: count,
     * max, timeout ('5s'), settle (how long no other may arrive).
     */
    public function wait(string $where = '', array $options = []): array
    {
        [$status, $waited] = call('GET', "bins/$this->name/wait?" . http_build_query(['where' => $where] + $options + ['count' => 1]));
        if ($status === 408) {
            $lines = [$waited['reason']];
            foreach ($waited['nearest'] as $near) {
                $lines[] = "  nearest: {$near['capture']['method']} {$near['capture']['target']}";
                foreach ($near['differences'] as $difference) {
                    $lines[] = "    $difference";
                }
            }
            throw new Failure(implode("\n", $lines));
        }
        return $waited['matched'];
    }

    /** Checks that nothing arrives that matches. */
    public function never(string $where = '', string $settle = '300ms'): void
    {
        $this->wait($where, ['count' => 0, 'max' => 0, 'settle' => $settle]);
    }
}
