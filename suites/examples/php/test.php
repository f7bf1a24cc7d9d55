<?php
// Run it: php test.php

require __DIR__ . '/hookrig.php';

/** The folder in which the consumer remembers events. */
function seen(Hookrig\Bin $crm): string
{
    return sys_get_temp_dir() . '/' . $crm->name;
}

/** Starts the consumer on a free port. Returns its process and what send needs. */
function consumer(Hookrig\Bin $crm): array
{
    mkdir(seen($crm));
    $env = ['WEBHOOK_SECRET' => 'S', 'CRM' => $crm->url, 'SEEN' => seen($crm)] + getenv();
    $process = proc_open([PHP_BINARY, '-S', '127.0.0.1:0', __DIR__ . '/consumer.php'], [2 => ['pipe', 'w']], $pipes, null, $env);
    while (($line = fgets($pipes[2])) !== false) { // "… (http://127.0.0.1:34759) started"
        if (preg_match('|\((http://\S+)\) started|', $line, $found)) {
            return [$process, $pipes[2], ['to' => $found[1] . '/hooks', 'secret' => 'S']];
        }
    }
    throw new RuntimeException('the consumer did not start');
}

$tests = [
    'an installed pass is welcomed once' => function (Hookrig\Bin $crm, array $hooks) {
        Hookrig\send('neostore', 'Pass:Installed', ['set' => ['/passId' => 'P-1'], 'faults' => ['duplicate']] + $hooks);
        $crm->wait('.body.type == "welcome" and .body.pass == "P-1"', ['count' => 1, 'max' => 1, 'settle' => '300ms']);
    },
    'a forged event is refused' => function (Hookrig\Bin $crm, array $hooks) {
        Hookrig\send('neostore', 'Pass:Installed', ['faults' => ['signature:tampered']] + $hooks, expect: 401);
        $crm->never();
    },
];

$failed = 0;
foreach ($tests as $name => $test) {
    $crm = new Hookrig\Bin('crm');
    [$process, $stderr, $hooks] = consumer($crm);
    try {
        $test($crm, $hooks);
        echo "ok - $name\n";
    } catch (Hookrig\Failure $why) {
        $failed++;
        echo "not ok - $name\n", preg_replace('/^/m', '# ', $why->getMessage()), "\n";
    } finally {
        proc_terminate($process);
        fclose($stderr);
        proc_close($process);
        array_map('rmdir', [...glob(seen($crm) . '/*'), seen($crm)]);
    }
}
exit($failed === 0 ? 0 : 1);
